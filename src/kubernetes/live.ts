import type { Api, KubernetesObject, ObjectRef, ReadLive } from "../engine/contracts.ts";
import type { Taint } from "../inventory/cluster.ts";
import { learnCa, reachedControlPlane } from "./administrator.ts";
import { kbootConfigName } from "./kboot-config.ts";
import { kbootObjectsName, readRefs } from "./kboot-objects.ts";
import { openHealthyApi } from "./open-healthy-api.ts";
import { type Settled, settledByKbootConfig, settledByKubeadmConfig } from "./settled.ts";
import { workloadName } from "./workload-name.ts";
import { readWorkload } from "./workload-status.ts";

/** A node as the API shows it. */
export interface LiveNode {
  readonly name: string;
  readonly isReady: boolean;
  /** When its kubelet said so, seconds since the epoch by the host's clock. */
  readonly saidAt: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly internalAddress: string | undefined;
  readonly kubeletVersion: string;
}

/** What only the running cluster knows. */
export interface Live {
  /** PEM of the cluster's CA. */
  readonly caCert: string;
  /** By node name. */
  readonly nodes: ReadonlyMap<string, LiveNode>;
  /** DaemonSets and Deployments, as `DaemonSet/kube-system/kube-proxy`; true when it runs as wished on every ready node. */
  readonly workloads: ReadonlyMap<string, boolean>;
  /** DaemonSets as the API shows them, named as workloads are. */
  readonly daemonSets: ReadonlyMap<string, KubernetesObject>;
  /** ConfigMap kube-proxy as the API shows it. */
  readonly kubeProxyConfig?: KubernetesObject | undefined;
  /** What kubeadm-config and kboot-config say of what cannot be changed. */
  readonly settled: readonly Settled[];
  /** Objects that kboot has applied, or was about to. */
  readonly applied: readonly ObjectRef[];
}

/** Reads Live with an administrator's certificate that is issued for this run and kept in memory. */
export function createReadLive(): ReadLive<Live> {
  const apis = new Map<string, Api>();
  return async ({ cluster, facts, hosts, vault, signal }) => {
    const caCert = learnCa(cluster, facts, vault);
    if (caCert === undefined) return undefined;
    const reached = cluster.hosts
      .filter(({ role }) => role === "control-plane")
      .flatMap(({ name }) => {
        const host = hosts.get(name);
        return host === undefined ? [] : [reachedControlPlane(host, cluster, facts.get(name))];
      });
    const api = await openHealthyApi(reached, vault, signal, apis);
    return api && { api, live: await readCluster(api, caCert, signal) };
  };
}

async function readCluster(api: Api, caCert: string, signal: AbortSignal): Promise<Live> {
  const configMap = (name: string) =>
    api.get({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "kube-system" } }, signal);
  const [nodes, daemonSets, deployments, kubeadmConfig, kbootConfig, kbootObjects, kubeProxyConfig] = await Promise.all([
    api.list("v1", "Node", {}, signal),
    api.list("apps/v1", "DaemonSet", {}, signal),
    api.list("apps/v1", "Deployment", {}, signal),
    configMap("kubeadm-config"),
    configMap(kbootConfigName),
    configMap(kbootObjectsName),
    configMap("kube-proxy"),
  ]);
  const live = new Map(nodes.map((node) => [node.metadata.name, readNode(node)]));
  const readyNodes = [...live.values()].filter((node) => node.isReady).length;
  const workloads = [...daemonSets, ...deployments].map((object) => readWorkload(object, readyNodes));
  return {
    caCert,
    nodes: live,
    workloads: new Map(workloads.map(({ name, ok }) => [name, ok])),
    kubeProxyConfig,
    settled: [settledByKubeadmConfig(dataOf(kubeadmConfig)["ClusterConfiguration"]), settledByKbootConfig(dataOf(kbootConfig))],
    applied: readRefs(dataOf(kbootObjects)["objects"]),
    daemonSets: new Map(daemonSets.map((object) => [workloadName(object), object])),
  };
}

/** Of a ConfigMap; empty where there is none. */
export function dataOf(configMap: KubernetesObject | undefined): Readonly<Record<string, string>> {
  return (configMap?.["data"] ?? {}) as Readonly<Record<string, string>>;
}

interface NodeShape {
  readonly spec?: { readonly taints?: readonly Taint[] };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly lastHeartbeatTime?: string | Date }[];
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly nodeInfo?: { readonly kubeletVersion?: string };
  };
}

export function readNode(object: KubernetesObject): LiveNode {
  const { spec, status } = object as unknown as NodeShape;
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return {
    name: object.metadata.name,
    isReady: ready?.status === "True",
    saidAt: new Date(ready?.lastHeartbeatTime ?? 0).getTime() / 1000,
    annotations: object.metadata.annotations ?? {},
    labels: object.metadata.labels ?? {},
    taints: spec?.taints ?? [],
    internalAddress: status?.addresses?.find(({ type }) => type === "InternalIP")?.address,
    kubeletVersion: status?.nodeInfo?.kubeletVersion ?? "",
  };
}
