import { KbootError } from "../errors.ts";
import type { ArtifactSource, Cluster, ClusterHost } from "../inventory/cluster.ts";
import { isIpv4 } from "../inventory/subnet.ts";
import { mergeDeep } from "../kubernetes/merge.ts";
import { localHost } from "./machine.ts";

/** A machine that joins by itself. */
export interface JoiningMachine {
  readonly nodeName: string;
  /** The address by which it reaches the API, and others it. */
  readonly nodeAddress: string;
  /** Where it reaches the API: an IPv4 address. */
  readonly apiAddress: string;
  /** Over those that the cluster names. */
  readonly sources?: readonly ArtifactSource[] | undefined;
  readonly kubeletExtraArgs?: ClusterHost["kubeletExtraArgs"] | undefined;
  readonly taints?: ClusterHost["taints"] | undefined;
  readonly ignoreChecks: readonly string[];
  /** `spec` of a document of kboot's own: of it `containerd` and `kubelet` go over the cluster's, on this machine. */
  readonly own: Readonly<Record<string, unknown>>;
}

/**
 * The cluster as a machine that joins it sees it: what the cluster publishes, with this machine as a worker, as the inventory has it where
 * it names the node. Throws KbootError `usage` when the node's name is that of a control plane.
 */
export function joinCluster(published: Cluster, machine: JoiningMachine): { readonly cluster: Cluster; readonly host: string } {
  const { nodeName, nodeAddress, apiAddress, sources, ignoreChecks } = machine;
  const known = published.hosts.find((host) => host.nodeName === nodeName);
  if (known?.role === "control-plane") {
    throw new KbootError("usage", `${nodeName} is the name of a control plane of this cluster`, {
      hint: "give this machine another with --node-name",
    });
  }
  const own = localHost({
    ...known,
    name: known?.name ?? nodeName,
    role: "worker",
    nodeName,
    nodeAddress,
    transport: "local",
    address: "127.0.0.1",
    kubelet: mergeDeep(known?.kubelet ?? {}, mapOf(machine.own["kubelet"])),
    taints: machine.taints ?? known?.taints ?? [],
    kubeletExtraArgs: machine.kubeletExtraArgs ?? known?.kubeletExtraArgs ?? [],
  });
  const [first, ...others] = published.hosts.filter(({ role }) => role === "control-plane");
  // the endpoint's name is kept with the address that has answered
  const reached = first === undefined || !isIpv4(apiAddress) ? [] : [{ ...first, nodeAddress: apiAddress }];
  return {
    host: own.name,
    cluster: {
      ...published,
      containerd: mergeDeep(published.containerd, mapOf(machine.own["containerd"])),
      hosts: [...reached, ...others, own],
      sources: sources ?? published.sources,
      ignoreChecks,
    },
  };
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
