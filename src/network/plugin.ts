import type { ObjectRef } from "../engine/contracts.ts";
import type { Facts } from "../host/facts.ts";
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
}
