import { madeOn } from "../engine/state.ts";
import type { Facts } from "../host/facts.ts";
import type { Cluster, ClusterHost, Taint } from "../inventory/cluster.ts";
import { judgeLabelKey } from "../inventory/marks.ts";
import { nodeKubeletConfiguration } from "../kubernetes/kubelet.ts";
import type { LiveNode } from "../kubernetes/live.ts";
import { binDir } from "../kubernetes/paths.ts";
import { settingsBeyond } from "./component-configuration.ts";
import type { HostKubelet } from "./host-kubelet.ts";
import { isControlPlane } from "./running-cluster.ts";

/** A host that was looked at. */
export interface SeenHost {
  readonly facts: Facts;
  readonly kubelet: HostKubelet;
}

/** Labels that the kubelet and kubeadm give every node. */
const ownLabels =
  /^((beta\.)?kubernetes\.io\/|node\.kubernetes\.io\/exclude-from-external-load-balancers$|node-role\.kubernetes\.io\/control-plane$)/;

/** Taints that say how a node is, and come and go by themselves. */
const passingTaints = /^(node\.kubernetes\.io|node\.cloudprovider\.kubernetes\.io)\//;

/**
 * The host of an inventory that a node is. Unless kboot has brought them, kubelet and containerd are its owner's, and what its kubelet has
 * been told is the inventory's from now on. `address` is what SSH connects to.
 */
export function describeNode(
  node: LiveNode,
  cluster: Cluster,
  seen: SeenHost | undefined,
  { address, ssh }: Pick<ClusterHost, "address" | "ssh">,
): ClusterHost {
  const role = isControlPlane(node) ? "control-plane" : "worker";
  const labels = Object.entries(node.labels).filter(([key]) => !ownLabels.test(key) && judgeLabelKey(key) === undefined);
  const host: ClusterHost = {
    name: node.name,
    transport: "ssh",
    address,
    nodeAddress: node.internalAddress === address ? undefined : node.internalAddress,
    nodeName: node.name,
    role,
    labels: Object.fromEntries(labels),
    taints: node.taints.filter(({ key }) => !passingTaints.test(key)).map(plain),
    ssh,
    containerRuntime: { from: "host" },
    kubernetes: { from: "host" },
    kubelet: {},
    kubeletExtraArgs: seen?.kubelet.flags ?? [],
  };
  if (seen !== undefined && madeOn(seen.facts.state).some(({ id }) => id === `binary:${binDir}/kubelet`)) {
    return { ...host, containerRuntime: { from: "sources" }, kubernetes: { from: "sources" }, kubeletExtraArgs: [] };
  }
  if (seen?.kubelet.configuration === undefined) return host;
  const { apiVersion: _version, kind: _kind, ...configuration } = seen.kubelet.configuration;
  const { apiVersion: _v, kind: _k, ...usual } = nodeKubeletConfiguration(cluster, host, seen.facts);
  return { ...host, kubelet: settingsBeyond(configuration, usual, { complete: true }) };
}

function plain({ key, value, effect }: Taint): Taint {
  return { key, ...(value === undefined || value === "" ? {} : { value }), effect };
}
