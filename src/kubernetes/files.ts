import type { Cluster } from "../inventory/cluster.ts";
import { hostVersions } from "./versions.ts";

/** Programs of Kubernetes' release that a host gets as files. */
export const hostPrograms = ["kubelet", "kubectl"] as const;

/** Name and version of every file that a host may need, whatever its architecture. */
export function filesFor({ kubernetesVersion }: Cluster): readonly { readonly name: string; readonly version: string }[] {
  return [
    { name: "containerd", version: hostVersions.containerd },
    { name: "runc", version: hostVersions.runc },
    { name: "cni-plugins", version: hostVersions.cniPlugins },
    ...hostPrograms.map((name) => ({ name, version: kubernetesVersion })),
  ];
}
