import type { Api, ObjectRef } from "../engine/contracts.ts";
import type { Facts } from "../host/facts.ts";
import type { Host } from "../host/host.ts";
import type { Cluster } from "../inventory/cluster.ts";
import type { ObjectResource } from "../resources/object.ts";

/** A port on which nodes reach each other. */
export interface NetworkPort {
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
  readonly use: string;
}

/** What objects of a network may depend on beside the inventory. */
export interface NetworkContext {
  /** Facts of every node. */
  readonly facts: readonly Pick<Facts, "kernelFeatures">[];
}

/** What `status` lets a network ask. */
export interface NetworkHealthContext {
  /** Hosts that were reached, by their names in the inventory. */
  readonly hosts: ReadonlyMap<string, Host>;
  /** Undefined while the cluster cannot be asked. */
  readonly api: Api | undefined;
  /** Ends what takes too long. */
  readonly signal: AbortSignal;
}

/** How one host is connected, in the network's own view. */
export interface NetworkHealth {
  readonly host: string;
  readonly ok: boolean;
  /** `connected to 2 of 2 peers, encrypted`. */
  readonly text: string;
}

/** A pod network: what it brings into the cluster and asks of the hosts. */
export interface NetworkPlugin {
  readonly name: string;
  /** Full image names, needed on every host. */
  images(cluster: Cluster): readonly string[];
  objects(cluster: Cluster, context: NetworkContext): readonly ObjectResource[];
  /** Without these features of the kernel it does not run; names as in the facts. */
  readonly kernelFeatures: readonly string[];
  readonly ports: readonly NetworkPort[];
  /** Plug-ins it needs in the CNI directory beside what it installs itself. */
  readonly cniBinaries: readonly string[];
  /** The network is up when this DaemonSet is ready on every node. */
  readonly daemonSet: ObjectRef;
  /** What the network says of itself beyond its DaemonSet, for `status`; a host that does not say is told as not ok. */
  health?(context: NetworkHealthContext): Promise<readonly NetworkHealth[]>;
}
