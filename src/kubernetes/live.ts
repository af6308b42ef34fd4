import type { Api, KubernetesObject, ReadLive } from "../engine/contracts.ts";
import type { Vault } from "../engine/vault.ts";
import type { Taint } from "../inventory/cluster.ts";
import { issueCertificate } from "../pki/issue.ts";
import { openApi } from "./api.ts";
import { workloadName } from "./workload-name.ts";

/** A node as the API shows it. */
export interface LiveNode {
  readonly name: string;
  readonly isReady: boolean;
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
}

/** Reads Live with an administrator's certificate that is issued for this run and kept in memory. */
export function createReadLive(): ReadLive<Live> {
  const apis = new Map<string, Api>();
  return async ({ cluster, facts, hosts, vault, signal }) => {
    for (const { name } of cluster.hosts.filter((host) => host.role === "control-plane")) {
      const known = facts.get(name)?.kubernetes;
      if (known?.caCert !== undefined && known.caKey !== undefined && !vault.has("ca")) {
        vault.put("ca", { certificate: known.caCert, key: known.caKey });
      }
    }
    const caCert = vault.get("ca")?.certificate;
    if (caCert === undefined) return undefined;
    for (const { name } of cluster.hosts.filter((host) => host.role === "control-plane")) {
      const host = hosts.get(name);
      if (host === undefined) continue;
      let api = apis.get(name);
      if (api === undefined) {
        const client = await clientCredential(vault);
        api = openApi({ connect: () => host.connect(6443, signal), caCert, ...client });
        apis.set(name, api);
      }
      if (await api.probe("/readyz", signal)) return { api, live: await readCluster(api, caCert, signal) };
    }
    return undefined;
  };
}

async function clientCredential(vault: Vault) {
  const ca = vault.need("ca");
  if (ca.certificate === undefined || ca.key === undefined) throw new Error("the vault holds the CA without its key");
  const issued = await issueCertificate(
    {
      commonName: "kubernetes-super-admin",
      organization: "system:masters",
      usages: ["clientAuth"],
      dnsNames: [],
      ipAddresses: [],
      validityDays: 1,
      now: new Date(),
      algorithm: "ECDSA-P256",
    },
    { certificatePem: ca.certificate, key: ca.key },
  );
  return { clientCert: issued.certificatePem, clientKey: issued.key };
}

async function readCluster(api: Api, caCert: string, signal: AbortSignal): Promise<Live> {
  const [nodes, daemonSets, deployments] = await Promise.all([
    api.list("v1", "Node", {}, signal),
    api.list("apps/v1", "DaemonSet", {}, signal),
    api.list("apps/v1", "Deployment", {}, signal),
  ]);
  const live = new Map(nodes.map((node) => [node.metadata.name, readNode(node)]));
  const readyNodes = [...live.values()].filter((node) => node.isReady).length;
  const workloads = new Map<string, boolean>();
  const byName = new Map(daemonSets.map((object) => [workloadName(object), object]));
  for (const [name, object] of byName) workloads.set(name, isDaemonSetReady(object, readyNodes));
  for (const object of deployments) workloads.set(workloadName(object), isDeploymentReady(object));
  return { caCert, nodes: live, workloads, daemonSets: byName };
}

interface NodeShape {
  readonly spec?: { readonly taints?: readonly Taint[] };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly nodeInfo?: { readonly kubeletVersion?: string };
  };
}

function readNode(object: KubernetesObject): LiveNode {
  const { spec, status } = object as unknown as NodeShape;
  return {
    name: object.metadata.name,
    isReady: status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ?? false,
    labels: object.metadata.labels ?? {},
    taints: spec?.taints ?? [],
    internalAddress: status?.addresses?.find(({ type }) => type === "InternalIP")?.address,
    kubeletVersion: status?.nodeInfo?.kubeletVersion ?? "",
  };
}

interface WorkloadShape {
  readonly metadata: { readonly generation?: number };
  readonly spec?: { readonly replicas?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly desiredNumberScheduled?: number;
    readonly updatedNumberScheduled?: number;
    readonly numberReady?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

function isObserved({ metadata, status }: WorkloadShape): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
}

/** Nodes that are down do not count: their pods cannot become ready. */
function isDaemonSetReady(object: KubernetesObject, readyNodes: number): boolean {
  const shape = object as unknown as WorkloadShape;
  const { desiredNumberScheduled = 0, updatedNumberScheduled = 0, numberReady = 0 } = shape.status ?? {};
  return (
    isObserved(shape) && updatedNumberScheduled === desiredNumberScheduled && numberReady >= Math.min(desiredNumberScheduled, readyNodes)
  );
}

function isDeploymentReady(object: KubernetesObject): boolean {
  const shape = object as unknown as WorkloadShape;
  const { updatedReplicas = 0, availableReplicas = 0 } = shape.status ?? {};
  const wished = shape.spec?.replicas ?? 1;
  return isObserved(shape) && updatedReplicas >= wished && availableReplicas >= wished;
}
