import type { Cluster, ClusterHost, SshSettings } from "../inventory/cluster.ts";
import { resolveCluster } from "../inventory/resolve.ts";
import type { InventorySpec } from "../inventory/schema.ts";
import { readKbootConfig } from "../kubernetes/kboot-config.ts";
import type { LiveNode } from "../kubernetes/live.ts";
import { settledByManifests } from "../kubernetes/settled.ts";
import { describeNode, type SeenHost } from "./describe-node.ts";
import type { RunningCluster } from "./running-cluster.ts";
import { type NotTaken, present } from "./taken.ts";
import { specOfKubeadm } from "./to-inventory.ts";

/** How a running cluster was looked at. */
export interface Look {
  readonly running: RunningCluster;
  /** By name of the node; those that could not be reached are not in it. */
  readonly seen: ReadonlyMap<string, SeenHost>;
  /** What SSH connects to, by name of the node. */
  readonly addresses: ReadonlyMap<string, string>;
  readonly ssh: SshSettings;
  /** Absolute path of the inventory that is to be. */
  readonly file: string;
  readonly home: string;
}

/** A cluster as it was found. */
export interface Found {
  readonly cluster: Cluster;
  /** What it says and an inventory cannot. */
  readonly notTaken: readonly NotTaken[];
  /** Path on the control plane of the audit policy that the cluster's `policyFile` is to hold; undefined where its content is there, or there is none. */
  readonly auditPolicyPath: string | undefined;
  /** Of a pod network that is its owner's: the names of the files that tell containerd of it. Undefined for one of kboot's. */
  readonly ownNetwork: readonly string[] | undefined;
}

/** Name of the audit policy beside the inventory. */
export const auditPolicyName = "audit-policy.yaml";

/** The cluster that kubeadm made. Every node is a host, with what its owner has on it. */
export function describeKubeadmCluster(look: Look, name: string): Found {
  const { running, seen, file, home } = look;
  const { spec, notTaken } = specOfKubeadm(
    { ...running.documents(), InitConfiguration: { localAPIEndpoint: localEndpoint(look) } },
    { file },
  );
  const { audit, ...rest } = spec;
  const parts: Omit<InventorySpec, "hosts"> = {
    kubernetesVersion: "",
    ...rest,
    network: { plugin: "none" },
    ...(audit === undefined ? {} : { audit: { ...audit, policyFile: auditPolicyName } }),
  };
  const document = { apiVersion: "kboot.dev/v1alpha1", kind: "Cluster", metadata: { name } } as const;
  const cluster = resolveCluster({ ...document, spec: { ...parts, hosts: [] } }, { file, home });
  return {
    cluster: { ...withLocalPolicy(cluster), hosts: running.nodes.map((node) => hostOf(node, cluster, look)) },
    notTaken: [...notTaken, ...otherPorts(look, cluster), ...notSeen(running.nodes, seen)],
    auditPolicyPath: audit?.policyFile,
    ownNetwork: networksOf(look),
  };
}

/** The cluster of its ConfigMap kboot-config, where its hosts are now; undefined where there is none that can be read. */
export function describeKbootCluster(look: Look): Found | undefined {
  const { running, seen, addresses, ssh } = look;
  const recorded = readKbootConfig(running.kbootConfig ?? {});
  if (recorded === undefined) return undefined;
  const hosts = recorded.hosts.map((host): ClusterHost => ({ ...host, ssh, address: addresses.get(host.nodeName) ?? host.address }));
  const others = running.nodes.filter((node) => !hosts.some(({ nodeName }) => nodeName === node.name));
  const gone = hosts.filter(({ nodeName }) => !running.nodes.some((node) => node.name === nodeName));
  return {
    cluster: { ...withLocalPolicy(recorded), hosts: [...hosts, ...others.map((node) => hostOf(node, recorded, look))] },
    notTaken: [
      ...gone.map(({ name }) => ({
        field: `host ${name}`,
        message: "is in the cluster's own inventory and no node of the cluster; its address is not known, and stands there as its name",
      })),
      ...notSeen(others, seen),
    ],
    auditPolicyPath: undefined,
    ownNetwork: recorded.network.plugin === "none" ? networksOf(look) : undefined,
  };
}

function notSeen(nodes: readonly LiveNode[], seen: Look["seen"]): readonly NotTaken[] {
  return nodes
    .filter(({ name }) => !seen.has(name))
    .map(({ name }) => ({
      field: `node ${name}`,
      message: "was not reached: settings and flags of its kubelet are not in the inventory, and its kubelet is taken for its owner's",
    }));
}

function networksOf({ seen }: Look): readonly string[] {
  return [...new Set([...seen.values()].flatMap(({ kubelet }) => kubelet.networks))].sort();
}

function hostOf(node: LiveNode, cluster: Cluster, { seen, addresses, ssh }: Look): ClusterHost {
  return describeNode(node, cluster, seen.get(node.name), { address: addresses.get(node.name) ?? node.internalAddress ?? node.name, ssh });
}

/** Relative, as it stands in the file. */
function withLocalPolicy(cluster: Cluster): Cluster {
  const { audit } = cluster;
  return { ...cluster, audit: audit && { ...audit, policyFile: auditPolicyName } };
}

/** Where the API server of the first control plane that was seen listens. */
function localEndpoint({ seen }: Look) {
  const first = [...seen.values()].find(({ facts }) => facts.kubernetes.manifests["kube-apiserver"] !== undefined);
  const { nodeAddresses = [], bindPort } = first === undefined ? {} : settledBy(first);
  return present({ advertiseAddress: nodeAddresses[0], bindPort: bindPort === undefined ? undefined : Number(bindPort) });
}

function settledBy({ facts }: SeenHost) {
  return settledByManifests(facts.kubernetes.manifests);
}

/** `kubeadm join --apiserver-bind-port` may have given a further control plane another port. */
function otherPorts({ seen }: Look, cluster: Cluster): readonly NotTaken[] {
  return [...seen].flatMap(([node, host]) => {
    const { bindPort = `${cluster.bindPort}` } = settledBy(host);
    const message = `has its API server on port ${bindPort}; the control planes of an inventory have one port, apiEndpoint.bindPort`;
    return bindPort === `${cluster.bindPort}` ? [] : [{ field: `node ${node}`, message }];
  });
}
