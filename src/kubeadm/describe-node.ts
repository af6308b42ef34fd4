import { madeOn } from "../engine/state.ts";
import type { Facts } from "../host/facts.ts";
import type { Cluster, ClusterHost, ExtraArg, Patch, Taint } from "../inventory/cluster.ts";
import { judgeLabelKey } from "../inventory/marks.ts";
import { type KubeletConfiguration, kubeletFlags, nodeKubeletConfiguration } from "../kubernetes/kubelet.ts";
import type { LiveNode } from "../kubernetes/live.ts";
import type { Settings } from "../kubernetes/merge.ts";
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
 * The host of an inventory that a node is, so that kboot would change nothing there: kubelet and containerd are its owner's unless kboot has
 * brought them, and its kubelet is told what it has been told. `address` is what SSH connects to.
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
    ...programsOf(seen),
    kubelet: {},
    kubeletExtraArgs: [],
    patches: [],
  };
  if (seen === undefined) return host;
  const usualFlags = kubeletFlags(cluster, host, node.internalAddress ?? address, seen.facts);
  return {
    ...host,
    ...kubeletOf(cluster, kubeletBeyond(seen, nodeKubeletConfiguration(cluster, host, seen.facts))),
    kubeletExtraArgs: flagsBeyond(seen.kubelet.flags, usualFlags),
  };
}

/** Whose kubelet and containerd a host has: the host's record tells what kboot has brought. */
function programsOf(seen: SeenHost | undefined): Pick<ClusterHost, "containerRuntime" | "kubernetes"> {
  const made = seen === undefined ? [] : madeOn(seen.facts.state).map(({ id }) => id);
  const [name] = made.flatMap((id) => (id.startsWith("package:") ? [id.slice("package:".length)] : []));
  const isBrought = (program: string) => made.includes(`binary:${binDir}/${program}`);
  return {
    containerRuntime: name === undefined ? { from: isBrought("containerd") ? "sources" : "host" } : { from: "package", package: name },
    kubernetes: { from: isBrought("kubelet") ? "sources" : "host" },
  };
}

/** Where a host says what its kubelet is told beyond the usual: patches of the cluster come after `kubelet`, and a patch of the host after them. */
function kubeletOf(cluster: Cluster, beyond: Settings): Pick<ClusterHost, "kubelet" | "patches"> {
  if (!cluster.patches.some(({ target }) => target === "kubeletconfiguration")) return { kubelet: beyond, patches: [] };
  // which no patch may change
  const { containerRuntimeEndpoint, ...patch } = beyond;
  const ofHost: Patch = { name: undefined, target: "kubeletconfiguration", type: "merge", patch };
  return {
    kubelet: containerRuntimeEndpoint === undefined ? {} : { containerRuntimeEndpoint },
    patches: Object.keys(patch).length === 0 ? [] : [ofHost],
  };
}

function kubeletBeyond({ kubelet }: SeenHost, { apiVersion: _v, kind: _k, ...usual }: KubeletConfiguration): Settings {
  if (kubelet.configuration === undefined) return {};
  const { apiVersion: _version, kind: _kind, ...configuration } = kubelet.configuration;
  return settingsBeyond(configuration, usual, { complete: true });
}

/** Every value of a flag that has another one than usual. */
function flagsBeyond(flags: readonly ExtraArg[], usual: readonly string[]): readonly ExtraArg[] {
  const other = new Set(flags.filter(({ name, value }) => !usual.includes(`--${name}=${value}`)).map(({ name }) => name));
  return flags.filter(({ name }) => other.has(name));
}

function plain({ key, value, effect }: Taint): Taint {
  return { key, ...(value === undefined || value === "" ? {} : { value }), effect };
}
