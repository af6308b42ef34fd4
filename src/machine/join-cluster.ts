import { homedir } from "node:os";
import { KbootError } from "../errors.ts";
import type { ArtifactSource, Cluster, ClusterHost } from "../inventory/cluster.ts";
import { resolveSource } from "../inventory/resolve.ts";
import { specShape } from "../inventory/schema.ts";
import { isIpv4 } from "../inventory/subnet.ts";
import { judgeSubdomain } from "../inventory/syntax.ts";
import { mergeDeep } from "../kubernetes/merge.ts";
import { localHost } from "./machine.ts";
import { mapOf } from "./map-of.ts";

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
  /** `spec` of a document of kboot's own: what of it is a machine's goes over the cluster's. */
  readonly own: Readonly<Record<string, unknown>>;
}

/** Settings of an inventory that a machine may have for itself. */
const ownSettings = ["containerd", "kubelet", "sources"];

/**
 * The cluster as a machine that joins it sees it: what the cluster publishes, with this machine as a worker, as the inventory has it where
 * it names the node. Throws KbootError `usage` when the node's name is that of a control plane.
 */
export function joinCluster(published: Cluster, machine: JoiningMachine): { readonly cluster: Cluster; readonly host: string } {
  const { nodeName, nodeAddress, apiAddress, sources, ignoreChecks } = machine;
  const wrong = judgeSubdomain(nodeName);
  if (wrong !== undefined) throw new KbootError("usage", `--node-name: ${wrong}`, { hint: "name the node with --node-name" });
  const foreign = Object.keys(machine.own).filter((name) => !ownSettings.includes(name));
  if (foreign.length > 0) {
    throw new KbootError("usage", `a machine that joins cannot have ${foreign.join(", ")} of its own: the cluster has that`, {
      hint: `of an inventory it takes ${ownSettings.join(", ")}`,
    });
  }
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
    nodeAddress: known?.nodeAddress ?? nodeAddress,
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
      sources: sources ?? ownSources(machine.own["sources"]) ?? published.sources,
      ignoreChecks,
    },
  };
}

function ownSources(value: unknown): readonly ArtifactSource[] | undefined {
  if (value === undefined) return undefined;
  const { data } = specShape.sources.safeParse(value);
  if (data === undefined)
    throw new KbootError("usage", "sources of the file is no list of sources", { hint: "docs/inventory.md describes them" });
  return data.map((source) => resolveSource(source, { file: `${process.cwd()}/kboot.yaml`, home: homedir() }));
}
