/** A part of the document: its entries, or why they are not known. */
export interface Part<T> {
  readonly unknown: string | null;
  readonly items: readonly T[];
}

export interface HostStatus {
  readonly host: string;
  readonly role: string;
  /** Over SSH, or as the local machine. */
  readonly reached: boolean;
  readonly why: string | null;
}

export interface ApiServerStatus {
  readonly host: string;
  readonly ready: boolean;
  readonly version: string | null;
  readonly why: string | null;
}

export interface NodeStatus {
  readonly name: string;
  readonly joined: boolean;
  /** False for a node that no host of the inventory is. */
  readonly inInventory: boolean;
  readonly ready: boolean;
  readonly role: string;
  /** Of its kubelet. */
  readonly version: string;
  readonly runtime: string;
  readonly address: string;
  readonly why: string | null;
}

export interface ComponentStatus {
  readonly host: string;
  readonly component: string;
  /** `ready`, `not ready` and `missing` as the API says; while it does not answer `listening` and `stopped` as the host does. */
  readonly state: "ready" | "not ready" | "missing" | "listening" | "stopped" | "unknown";
}

export interface EtcdStatus {
  readonly host: string;
  /** Null: unknown. */
  readonly healthy: boolean | null;
  readonly databaseBytes: number | null;
  readonly version: string | null;
  readonly why: string | null;
}

export interface WorkloadEntry {
  readonly name: string;
  readonly ready: number;
  readonly wished: number;
  readonly ok: boolean;
}

export interface NetworkEntry {
  /** Its DaemonSet, or a host of which the network says more. */
  readonly what: string;
  readonly ok: boolean;
  readonly text: string;
}

export interface CertificateStatus {
  readonly host: string;
  readonly certificate: string;
  /** `2027-11-24T14:16:00.000Z`; null where it cannot be read. */
  readonly expires: string | null;
  /** Whole days from now; negative when it has expired. */
  readonly days: number | null;
  /** Why it cannot be read. */
  readonly why: string | null;
}

export interface VersionStatus {
  readonly what: string;
  readonly where: string;
  readonly wished: string;
  readonly running: string;
}

/** What `status` knows of a cluster: the document of `--output json`. Every field is always there. */
export interface Status {
  readonly cluster: string;
  /** True when `problems` is empty. */
  readonly ok: boolean;
  /** What is not well, a sentence each. */
  readonly problems: readonly string[];
  readonly hosts: readonly HostStatus[];
  readonly apiServers: readonly ApiServerStatus[];
  /** The nodes of the cluster, then the hosts of the inventory that are none. */
  readonly nodes: Part<NodeStatus>;
  readonly controlPlane: readonly ComponentStatus[];
  readonly etcd: readonly EtcdStatus[];
  readonly network: Part<NetworkEntry> & { readonly plugin: string };
  /** DaemonSets and Deployments but that of the network. */
  readonly addons: Part<WorkloadEntry>;
  /** Of the hosts that were reached; those that cannot be read come first, then the one that expires first. `all` where a host did not say. */
  readonly certificates: readonly CertificateStatus[];
  /** What runs in another version than the inventory wishes is not counted as a problem: `plan` tells what to do about it. */
  readonly versions: readonly VersionStatus[];
}
