import type { Step } from "../engine/contracts.ts";
import {
  kubeletDropIn,
  kubeletFiles,
  kubeletFlagsEnv,
  kubeletInstanceConfig,
  kubeletRegistrationEnv,
  kubeletRegistrationFile,
  kubeletUnit,
  nodeKubeletConfiguration,
} from "../kubernetes/kubelet.ts";
import type { Live } from "../kubernetes/live.ts";
import { kubeletDir, manifestsDir } from "../kubernetes/paths.ts";
import { writeYaml } from "../render/go-yaml.ts";
import { directory } from "../resources/directory.ts";
import { file } from "../resources/file.ts";
import { nodeOf } from "./site.ts";
import { everyHost, sameHost } from "./where.ts";

/** Writes the kubelet's configuration and flags, and its unit unless that is the host's own. It does not start it. */
export const configureKubelet: Step<Live> = {
  id: "kubelet-config",
  title: "Configure the kubelet",
  on: everyHost,
  after: sameHost("kubernetes"),
  resources(site, host) {
    const { cluster } = site;
    const { spec, facts, nodeAddress } = nodeOf(site, host);
    const isOwn = spec.kubernetes.from === "host";
    return [
      ...(isOwn ? [] : [directory(kubeletDir, "0700"), directory(manifestsDir, "0700")]),
      file(kubeletFiles.config, writeYaml(nodeKubeletConfiguration(cluster, spec, facts)), { format: "yaml" }),
      file(kubeletFiles.instanceConfig, kubeletInstanceConfig(cluster, spec), { format: "yaml" }),
      file(kubeletFiles.flags, kubeletFlagsEnv(cluster, spec, nodeAddress, facts)),
      ...(isOwn
        ? []
        : [
            file(kubeletRegistrationFile, kubeletRegistrationEnv(spec)),
            file(kubeletFiles.unit, kubeletUnit()),
            file(kubeletFiles.dropIn, kubeletDropIn()),
          ]),
    ];
  },
};
