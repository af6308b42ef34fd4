import { homedir } from "node:os";
import type { Cluster } from "../inventory/cluster.ts";
import { resolveCluster } from "../inventory/resolve.ts";
import { kubeProxyConfiguration } from "../kubernetes/kube-proxy.ts";
import type { KubeadmDocuments } from "../kubernetes/kubeadm-documents/parse.ts";
import { kubeletConfiguration } from "../kubernetes/kubelet.ts";
import { supportedMinors } from "../kubernetes/versions.ts";
import { takeClusterConfiguration } from "./cluster-configuration.ts";
import { settingsBeyond } from "./component-configuration.ts";
import { keepValid } from "./judge.ts";
import { takeInitConfiguration, takeJoinConfiguration } from "./node-registration.ts";
import { presentIn, type Taken } from "./taken.ts";

const runKinds = ["ResetConfiguration", "UpgradeConfiguration"] as const;
const clusterKinds = ["ClusterConfiguration", "KubeletConfiguration", "KubeProxyConfiguration"] as const;

/**
 * What an inventory says of the cluster that `kubeadm init` makes of these documents, or has made: each field is taken over, or named in
 * `notTaken`. What comes back is valid as a part of an inventory, which has to name hosts, and `kubernetesVersion` and a pod network too.
 * `file` is the inventory's path, absolute: relative paths begin there.
 */
export function specOfKubeadm(documents: KubeadmDocuments, { file }: { readonly file: string }): Taken {
  const { ClusterConfiguration = {}, InitConfiguration = {} } = documents;
  const ofCluster = takeClusterConfiguration(ClusterConfiguration, InitConfiguration.localAPIEndpoint);
  const ofNode = takeInitConfiguration(InitConfiguration);
  const others = (["JoinConfiguration", ...runKinds] as const).filter((kind) => documents[kind] !== undefined);
  const taken = keepValid({
    spec: ofCluster.spec,
    host: ofNode.host,
    notTaken: [
      ...ofCluster.notTaken,
      ...ofNode.notTaken,
      ...others.map((kind) => ({ field: kind, message: "is about a run of kubeadm, not about the cluster" })),
    ],
  });
  const cluster = clusterOf(taken, file);
  const components = presentIn({
    kubelet: presentIn(settingsBeyond(documents.KubeletConfiguration ?? {}, kubeletConfiguration(cluster))),
    kubeProxy: presentIn(settingsBeyond(documents.KubeProxyConfiguration ?? {}, kubeProxyConfiguration(cluster))),
  });
  return keepValid({ ...taken, spec: { ...taken.spec, ...components } });
}

/**
 * What an inventory says of the worker that `kubeadm join` makes of these documents: what their JoinConfiguration says of the host, as fields of
 * its entry. As with `specOfKubeadm` each field is taken over, or named in `notTaken`.
 */
export function hostOfJoin(documents: KubeadmDocuments): Pick<Taken, "host" | "notTaken"> {
  const { host, notTaken } = takeJoinConfiguration(documents.JoinConfiguration ?? {});
  const others = ([...clusterKinds, "InitConfiguration", ...runKinds] as const).filter((kind) => documents[kind] !== undefined);
  const left = others.map((kind) => ({ field: kind, message: "is not what a machine that joins is told; the cluster's own counts" }));
  return keepValid({ spec: {}, host, notTaken: [...notTaken, ...left] }, "JoinConfiguration");
}

/** The cluster as it would be without settings of kubelet and kube-proxy. */
function clusterOf({ spec }: Taken, file: string): Cluster {
  const version = `${supportedMinors.at(-1)}.0`;
  const hosts = [{ name: "host", role: "control-plane" as const }];
  const inventory = { apiVersion: "kboot.dev/v1alpha1", kind: "Cluster", metadata: { name: "cluster" } } as const;
  return resolveCluster({ ...inventory, spec: { kubernetesVersion: version, ...spec, hosts } }, { file, home: homedir() });
}
