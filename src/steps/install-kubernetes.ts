import type { Step } from "../engine/contracts.ts";
import { hostPrograms } from "../kubernetes/files.ts";
import type { Live } from "../kubernetes/live.ts";
import { binDir } from "../kubernetes/paths.ts";
import { binary } from "../resources/binary.ts";
import { factsOf } from "./site.ts";
import { everyHost, sameHost, specOf } from "./where.ts";

/** Installs kubelet and kubectl, unless they are the host's own. */
export const installKubernetes: Step<Live> = {
  id: "kubernetes",
  title: "Install kubelet and kubectl",
  on: everyHost,
  after: sameHost("containerd"),
  resources(site, host) {
    if (specOf(site.cluster, host).kubernetes.from === "host") return [];
    const { architecture } = factsOf(site, host);
    return hostPrograms.map((name) =>
      binary(`${binDir}/${name}`, site.artifacts.file(name, site.cluster.kubernetesVersion, architecture), name),
    );
  },
};
