import type { Cluster } from "../inventory/cluster.ts";
import type { ObjectResource } from "../resources/object.ts";
import { bootstrapRbac } from "./bootstrap-rbac.ts";
import { clusterInfo } from "./cluster-info.ts";
import { coreDns } from "./core-dns.ts";
import { kbootConfig } from "./kboot-config.ts";
import { kubeProxy } from "./kube-proxy.ts";
import { kubeadmConfig } from "./kubeadm-config.ts";

/** Everything that kubeadm makes in the cluster's API, and kboot's own ConfigMap; the pod network is apart. `caCert` is PEM. */
export function clusterObjects(cluster: Cluster, caCert: string): readonly ObjectResource[] {
  return [
    ...bootstrapRbac(),
    ...kubeadmConfig(cluster),
    ...clusterInfo(cluster, caCert),
    ...kubeProxy(cluster),
    ...coreDns(cluster),
    ...kbootConfig(cluster),
  ];
}
