import type { Cluster } from "../inventory/cluster.ts";
import { hostVersions } from "./versions.ts";

/** Programs of Kubernetes' release that a host gets as files. */
export const hostPrograms = ["kubelet", "kubectl"] as const;

/** Name and version of every file that some host needs, whatever its architecture. */
export function filesFor({ kubernetesVersion, hosts }: Cluster): readonly { readonly name: string; readonly version: string }[] {
  const runtime = [
    { name: "containerd", version: hostVersions.containerd },
    { name: "runc", version: hostVersions.runc },
  ];
  return [
    ...(hosts.some(({ containerRuntime }) => containerRuntime.from === "sources") ? runtime : []),
    ...(hosts.some(({ containerRuntime }) => containerRuntime.from !== "host")
      ? [{ name: "cni-plugins", version: hostVersions.cniPlugins }]
      : []),
    ...(hosts.some(({ kubernetes }) => kubernetes.from === "sources")
      ? hostPrograms.map((name) => ({ name, version: kubernetesVersion }))
      : []),
  ];
}
