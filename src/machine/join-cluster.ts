import { KbootError } from "../errors.ts";
import type { ArtifactSource, Cluster } from "../inventory/cluster.ts";
import { resolveArgs } from "../inventory/resolve.ts";
import { isIpv4 } from "../inventory/subnet.ts";
import { judgeSubdomain } from "../inventory/syntax.ts";
import type { Taken } from "../kubeadm/taken.ts";
import { mergeDeep } from "../kubernetes/merge.ts";
import { localHost } from "./machine.ts";
import type { OwnSettings } from "./own-settings.ts";

/** A machine that joins by itself. */
export interface JoiningMachine {
  readonly nodeName: string;
  /** The address by which it reaches the API, and others it. */
  readonly nodeAddress: string;
  /** Where it reaches the API: an IPv4 address. */
  readonly apiAddress: string;
  /** Over those that the cluster names. */
  readonly sources?: readonly ArtifactSource[] | undefined;
  /** What a file of kubeadm's says of the machine: it goes over what the cluster's inventory says. */
  readonly registration?: Taken["host"];
  readonly ignoreChecks: readonly string[];
  /** Settings of its own, over all others. */
  readonly own?: OwnSettings;
}

/**
 * The cluster as a machine that joins it sees it: what the cluster publishes, with this machine as a worker, as the inventory has it where
 * it names the node. Throws KbootError `usage` when the node's name is that of a control plane.
 */
export function joinCluster(published: Cluster, machine: JoiningMachine): { readonly cluster: Cluster; readonly host: string } {
  const { nodeName, nodeAddress, apiAddress, sources, registration = {}, own: settings = {}, ignoreChecks } = machine;
  const wrong = judgeSubdomain(nodeName);
  if (wrong !== undefined) throw new KbootError("usage", `the node's name: ${wrong}`, { hint: "name the node with --node-name" });
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
    nodeAddress: registration.nodeAddress ?? known?.nodeAddress ?? nodeAddress,
    transport: "local",
    address: "127.0.0.1",
    labels: { ...known?.labels, ...registration.labels },
    taints: registration.taints ?? known?.taints ?? [],
    kubelet: mergeDeep(known?.kubelet ?? {}, settings.kubelet ?? {}),
    // as a whole, so that a second join applies none twice
    patches: settings.patches ?? known?.patches ?? [],
    kubeletExtraArgs:
      registration.kubeletExtraArgs === undefined ? (known?.kubeletExtraArgs ?? []) : resolveArgs(registration.kubeletExtraArgs),
  });
  const [first, ...others] = published.hosts.filter(({ role }) => role === "control-plane");
  // the endpoint's name is kept with the address that has answered
  const reached = first === undefined || !isIpv4(apiAddress) ? [] : [{ ...first, nodeAddress: apiAddress }];
  return {
    host: own.name,
    cluster: {
      ...published,
      containerd: mergeDeep(published.containerd, settings.containerd ?? {}),
      hosts: [...reached, ...others, own],
      sources: sources ?? settings.sources ?? published.sources,
      ignoreChecks,
    },
  };
}
