import type { KubernetesObject, ObjectRef } from "../engine/contracts.ts";
import type { Facts } from "../host/facts.ts";
import type { Host } from "../host/host.ts";
import type { Traces } from "../host/remove-traces.ts";
import type { Cluster } from "../inventory/cluster.ts";
import type { ObjectResource } from "../resources/object.ts";

/** A port that is its own on every node. */
export interface NetworkPort {
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
  readonly use: string;
  /** Who listens; `kernel` where no process does. */
  readonly program: string;
}

/** What objects of a network may depend on beside the inventory. */
export interface NetworkContext {
  /** Facts of the hosts, as far as they were reached. */
  readonly facts: ReadonlyMap<string, Pick<Facts, "kernelFeatures">>;
  /** Its DaemonSet as it runs now; undefined when there is none, or when the cluster cannot be asked. */
  readonly running: KubernetesObject | undefined;
}

/** How a network is on one node, as the node itself says. */
export interface NetworkHealth {
  readonly ok: boolean;
  /** For people, one line: `2 of 2 peers by sleeve, encrypted`. */
  readonly summary: string;
  /** What is wrong, a line each; empty when all is well. */
  readonly problems: readonly string[];
}

/** Something about a network that its users should know. */
export interface Notice {
  readonly message: string;
  readonly hint: string;
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
  /** The table, as the facts name it, whose rules it opens for what it forwards. Another one that drops cuts pods off. */
  readonly forwardTable: string;
  /** Plug-ins it needs in the CNI directory beside what it installs itself. */
  readonly cniBinaries: readonly string[];
  /** The network is up when this DaemonSet is ready on every node. */
  readonly daemonSet: ObjectRef;
  /** Variables in the environment of the container runtime, which hands them to the network's CNI plug-in. */
  readonly runtimeEnvironment: Readonly<Record<string, string>>;
  /** What follows from the node's pod CIDR, and is made again when it is missing: devices, and paths of files. */
  readonly ofPodCidr: { readonly links: readonly string[]; readonly files: readonly string[] };
  /** What it leaves on a host. */
  readonly traces: Traces;
  readonly notices: readonly Notice[];
  /** Asks a node that runs it; changes nothing. A node that gives no answer is not healthy; throws only when the host is lost. */
  health(host: Host, signal: AbortSignal): Promise<NetworkHealth>;
}
