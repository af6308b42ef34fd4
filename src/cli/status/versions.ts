import type { Cluster } from "../../inventory/cluster.ts";
import { coreDnsImage, etcdImage } from "../../kubernetes/images.ts";
import { workloadName } from "../../kubernetes/workload-name.ts";
import { networkPlugin } from "../../network/index.ts";
import type { VersionStatus } from "./document.ts";
import type { Findings } from "./gather.ts";

/** Each program's version as the inventory wishes it and as it runs; what is not known is left out. Pure. */
export function compareVersions(cluster: Cluster, { apiServers, nodes, pods, workloads, etcd }: Findings): readonly VersionStatus[] {
  const { kubernetesVersion } = cluster;
  const daemonSet = networkPlugin(cluster)?.daemonSet;
  const network = cluster.network.plugin === "none" ? undefined : cluster.network;
  const wishedOfWorkloads = new Map([
    ["DaemonSet/kube-system/kube-proxy", kubernetesVersion],
    ["Deployment/kube-system/coredns", versionOf(coreDnsImage(cluster))],
    ...(daemonSet === undefined || network === undefined ? [] : [[workloadName(daemonSet), network.version] as const]),
  ]);
  const all = [
    ...[...apiServers].map(([where, { value }]) => ["kube-apiserver", where, kubernetesVersion, value?.version] as const),
    ...(pods.value ?? [])
      .filter(({ component }) => component === "kube-controller-manager" || component === "kube-scheduler")
      .map(({ component, node, image }) => [component, node, kubernetesVersion, versionOf(image)] as const),
    ...[...etcd].map(([where, { value }]) => ["etcd", where, versionOf(etcdImage(cluster)), value?.version] as const),
    ...(nodes.value ?? []).map(({ name, kubeletVersion }) => ["kubelet", name, kubernetesVersion, kubeletVersion] as const),
    ...(workloads.value ?? []).flatMap(({ name, image }) => {
      const wished = wishedOfWorkloads.get(name);
      return wished === undefined ? [] : [[name.replace(/^.*\//, ""), "cluster", wished, versionOf(image)] as const];
    }),
  ];
  return all.flatMap(([what, where, wished, running = ""]) =>
    running === "" ? [] : [{ what, where, wished, running: running.replace(/^v/, "") }],
  );
}

/** `registry.k8s.io/etcd:3.6.8-0` is version 3.6.8: what follows a dash counts builds of the image. */
function versionOf(image: string): string {
  return /:v?(\d[^:/@-]*)[^:/]*(@.*)?$/.exec(image)?.[1] ?? "";
}
