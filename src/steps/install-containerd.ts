import type { Step } from "../engine/contracts.ts";
import { containerdConfig, containerdUnit, containerdUnitFile } from "../kubernetes/containerd.ts";
import { hasCredentials } from "../kubernetes/credentials.ts";
import type { Live } from "../kubernetes/live.ts";
import { binDir, cniBinDir, cniConfDir, containerdConfigFile } from "../kubernetes/paths.ts";
import { hostVersions } from "../kubernetes/versions.ts";
import { binary } from "../resources/binary.ts";
import { directory } from "../resources/directory.ts";
import { file } from "../resources/file.ts";
import { systemdUnit } from "../resources/systemd-unit.ts";
import { Secret } from "../secret.ts";
import { factsOf } from "./site.ts";
import { everyHost, sameHost } from "./where.ts";

/** Of the CNI plugins, those that pod networks and containerd call. */
const cniPlugins = ["bridge", "host-local", "loopback", "portmap"];

/** Installs the container runtime: containerd, runc and the basic CNI plugins. */
export const installContainerd: Step<Live> = {
  id: "containerd",
  title: "Install containerd",
  on: everyHost,
  after: sameHost("kernel"),
  resources(site, host) {
    const { architecture } = factsOf(site, host);
    const containerd = site.artifacts.file("containerd", hostVersions.containerd, architecture);
    const runc = site.artifacts.file("runc", hostVersions.runc, architecture);
    const plugins = site.artifacts.file("cni-plugins", hostVersions.cniPlugins, architecture);
    return [
      ...["containerd", "containerd-shim-runc-v2", "ctr"].map((name) => binary(`${binDir}/${name}`, containerd, `bin/${name}`)),
      binary(`${binDir}/runc`, runc, "runc"),
      ...cniPlugins.map((name) => binary(`${cniBinDir}/${name}`, plugins, name)),
      directory(cniConfDir),
      hasCredentials(site.cluster.containerd)
        ? file(containerdConfigFile, new Secret(containerdConfig(site.cluster)), { mode: "0600" })
        : file(containerdConfigFile, containerdConfig(site.cluster)),
      file(containerdUnitFile, containerdUnit()),
      systemdUnit("containerd.service", [`${binDir}/containerd`, containerdConfigFile, containerdUnitFile]),
    ];
  },
};
