import type { ErrorCode, Problem } from "../errors.ts";
import type { Facts } from "../host/facts.ts";
import type { Host, Payload } from "../host/host.ts";
import type { Cluster } from "../inventory/cluster.ts";
import type { Vault } from "./vault.ts";

/** The pseudo-host whose state is that of the cluster's API. */
export const clusterPlace = "cluster";

/** What one thing on a host or in the cluster shall be. Data only; `kind` finds the code that knows it. */
export interface AnyResource {
  readonly kind: string;
}

/** One way in which a thing is not as wished, for people and for JSON. Never holds a secret. */
export interface Difference {
  /** What differs: `content`, `mode`, `restart`, `spec.replicas`. */
  readonly what: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** It could not be seen what is there; it is looked at again just before it is changed, since an earlier step may have put that right. */
  readonly unsure?: boolean;
  /** Of what is unsure: the id of the thing of the same host without which it cannot be seen. */
  readonly seenBy?: string;
  /** It follows from another change of the same plan: by itself the thing is as wished. */
  readonly follows?: boolean;
}

/** One thing that is not as wished. */
export interface PlannedChange {
  readonly id: string;
  readonly differences: readonly Difference[];
  /** Of what is wished there, in hex, where the differences alone do not say it. Secrets are no part of it. */
  readonly wish?: string;
}

/** True for a difference of mode or owner: it is put right without writing the file anew, and nothing restarts for it. */
export function isAttribute({ what }: Difference): boolean {
  return /^(mode|owner)( of |$)/.test(what);
}

/** What keeps a thing from being as wished, or will, and no change of kboot's puts right. Never holds a secret. */
export interface Obstacle {
  /** Names the file and what is expected of it. */
  readonly message: string;
  /** What to do. */
  readonly hint: string;
  /** It is in order still: told as a notice, and stops nothing. */
  readonly isAhead?: boolean;
}

/** What a fragment of an observing script printed, and how it exited. */
export interface Output {
  readonly exitCode: number;
  readonly stdout: Buffer;
}

/** What a comparison may look at beside the one resource. */
export interface CompareContext {
  readonly vault: Vault;
  readonly now: Date;
  /** Ids of resources of the same place that this plan changes before this one. */
  readonly changing: ReadonlySet<string>;
}

export interface ChangeContext {
  readonly vault: Vault;
  readonly artifacts: Artifacts;
  readonly now: Date;
  readonly facts: Facts;
}

/** A piece of a changing script: it runs with `set -eu`, and takes its payload from stdin with `take SIZE`. */
export interface Fragment {
  readonly script: string;
  readonly payload?: Payload | undefined;
}

export interface Item<R, O> {
  readonly resource: R;
  readonly observed: O;
  readonly differences: readonly Difference[];
}

/** A thing that kboot made or changed on a host, as the host's state file names it. */
export interface Made {
  readonly id: string;
  /** Paths on the host that it writes. */
  readonly paths: readonly string[];
  /** What the kind's `before` said: what was there before kboot. Null when nothing was. */
  readonly before: unknown;
}

/**
 * sh that takes things away: `first` before their files are put back to what they were, `last` after. Both may run again, and may call
 * `prune FOLDER`, which removes a folder that was not there before kboot if it is empty.
 */
export interface Removal {
  readonly first?: string;
  readonly last?: string;
}

/**
 * All that is known about one kind of resource on hosts. `observe` and `change` return POSIX sh;
 * `parse` and `compare` are pure. The fragment of `observe` must work on a bare machine, and exit 0 whatever it finds.
 */
export interface HostKind<R extends AnyResource = AnyResource, O = unknown> {
  readonly kind: R["kind"];
  /** Unique on a host: `file:/etc/hosts`. */
  id(resource: R): string;
  observe(resource: R): string;
  parse(resource: R, output: Output): O;
  /** Takes secrets that were observed into the vault, before anything is compared. */
  learn?(resource: R, observed: O, vault: Vault): void;
  compare(resource: R, observed: O, context: CompareContext): readonly Difference[];
  /** What stands in the way of it: `change` refuses it. Pure. */
  obstacles?(resource: R, observed: O, context: CompareContext): readonly Obstacle[];
  /** One fragment for a run of neighbouring resources of this kind. */
  change(items: readonly Item<R, O>[], context: ChangeContext): Promise<Fragment>;
  /** What was there before kboot changed it, as JSON without secrets; undefined when nothing was. Kept in the host's state file. */
  before?(observed: O): unknown;
  /** Brings things back to what they were before kboot, the latest first. Without it they are files, kept before their first change. */
  remove?(things: readonly Made[]): Removal;
  /** True for a kind whose resources are things of the state file that shall go: once they are gone their ids leave it. */
  readonly takesAway?: boolean;
}

/** A kind of resource in the cluster's API. `observe` and `change` use the API; `compare` is pure. */
export interface ClusterKind<R extends AnyResource = AnyResource, O = unknown> {
  readonly kind: R["kind"];
  /** Unique in the cluster: `object:v1/ConfigMap/kube-system/coredns`. */
  id(resource: R): string;
  /** What is there now, by id. */
  observe(resources: readonly R[], api: Api, signal: AbortSignal): Promise<ReadonlyMap<string, O>>;
  /** `observed` is undefined while the API cannot be asked. */
  compare(resource: R, observed: O | undefined): readonly Difference[];
  /** Changes all items; it knows itself which must come first. */
  change(items: readonly Item<R, O>[], api: Api, signal: AbortSignal): Promise<void>;
}

/** The sources of artifacts, opened before it is known what hosts there are. */
export interface ArtifactSources {
  /** URLs that each host is asked whether it reaches them. */
  readonly probes: readonly string[];
  /** What the sources have for hosts of these architectures. */
  resolve(architectures: readonly string[]): Promise<Artifacts>;
}

/** Where the bytes of binaries and images come from. Names and sums are known; what is not on this machine is fetched when it is needed. */
export interface Artifacts {
  /** A stored file and its members. Throws KbootError `artifact` when no source has it. */
  file(name: string, version: string, architecture: string): StoredFile;
  /** Throws KbootError `artifact` when no source has it. */
  image(name: string, architecture: string): StoredImage;
  /** One OCI archive (tar) of these images, without the blobs named in `omit`. */
  imageArchive(images: readonly StoredImage[], omit: ReadonlySet<string>): Promise<Payload>;
}

export interface StoredFile {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly format: "raw" | "gzip" | "tar" | "tar.gz";
  readonly sha256: string;
  /** The checked bytes, for a host that cannot fetch them; they are brought to this machine first. Throws KbootError `artifact`. */
  payload(): Promise<Payload>;
  /** Where a host that reaches `probe` fetches the file for itself. */
  readonly remote?: { readonly probe: string; readonly url: string } | undefined;
  readonly members: readonly { readonly path: string; readonly sha256: string }[];
}

export interface StoredImage {
  /** Full name with tag. */
  readonly name: string;
  readonly architecture: string;
  /** `sha256:...` of the manifest. */
  readonly digest: string;
  /** Digests of manifest, configuration and layers. */
  readonly blobs: readonly string[];
  /**
   * How a host that reaches `probe` gets it for itself: from these URLs, one for each blob, that end with its sha256 in hex; without
   * them from a registry that containerd knows.
   */
  readonly remote?: { readonly probe: string; readonly blobs?: readonly string[] } | undefined;
}

/** Names an object of the cluster. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
}

/** Any object of the Kubernetes API. */
export interface KubernetesObject extends ObjectRef {
  readonly metadata: ObjectRef["metadata"] & {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly managedFields?: readonly unknown[];
    readonly [key: string]: unknown;
  };
  readonly [key: string]: unknown;
}

/** The cluster's API, reached through whichever control plane is healthy. Errors are KbootError `api`, transient where that is so. */
export interface Api {
  /** The object, or undefined when it does not exist. */
  get(ref: ObjectRef, signal: AbortSignal): Promise<KubernetesObject | undefined>;
  /** All objects of a kind, in every namespace unless one is given. */
  list(
    apiVersion: string,
    kind: string,
    options: { readonly namespace?: string; readonly labelSelector?: string; readonly fieldSelector?: string },
    signal: AbortSignal,
  ): Promise<readonly KubernetesObject[]>;
  /** Server-side apply, forced. `dryRun` checks strictly and changes nothing. */
  apply(
    object: KubernetesObject,
    options: { readonly manager: string; readonly dryRun?: boolean },
    signal: AbortSignal,
  ): Promise<KubernetesObject>;
  /** JSON merge patch. */
  patch(ref: ObjectRef, patch: unknown, signal: AbortSignal): Promise<KubernetesObject>;
  /** Deletes it; absent is success. */
  delete(ref: ObjectRef, signal: AbortSignal): Promise<void>;
  /** Asks a pod to leave its node; absent is success. Transient while a disruption budget forbids it. */
  evict(pod: ObjectRef, signal: AbortSignal): Promise<void>;
  /** True when GET `path` (such as `/readyz`) answers 200. Does not throw for an API that is down. */
  probe(path: string, signal: AbortSignal): Promise<boolean>;
}

/** Everything a step may look at. `live` is undefined while the cluster cannot be asked. */
export interface Site<Live> {
  readonly cluster: Cluster;
  readonly facts: ReadonlyMap<string, Facts>;
  readonly live: Live | undefined;
  /** The address each reached host has as a node. */
  readonly nodeAddress: ReadonlyMap<string, string>;
  /** Hosts that could not be reached, with the reason. */
  readonly unreachable: ReadonlyMap<string, Error>;
  readonly artifacts: Artifacts;
  readonly now: Date;
}

/**
 * What must have happened before: the named step on the same host, on every host that it runs on and that is not set aside,
 * or on any one of them.
 */
export interface Edge {
  readonly step: string;
  readonly scope: "same-host" | "every-host" | "any-host";
  /** Of the hosts that the named step runs on, only these count. */
  of?(cluster: Cluster): readonly string[];
}

export interface ActionContext<Live> {
  readonly site: Site<Live>;
  readonly host: string;
  readonly vault: Vault;
  readonly signal: AbortSignal;
  /** A host by its name. Throws when it was not reached. */
  reach(name: string): Host;
  /** The cluster's API; throws KbootError `api` while it does not answer. */
  api(): Promise<Api>;
  /** What the cluster says now; undefined while it does not answer. */
  readLive(): Promise<Live | undefined>;
  /** Says what is being waited for, shown beside the step. */
  say(text: string): void;
}

/** An event with a condition that no resource can express. */
export interface Action<Live> {
  /** For plans, in the imperative: `join the node with a one-time token`. */
  readonly describe: string;
  /** Pure, over what was observed anyway. `changing` holds ids and paths that this run changes before it on the same host. */
  isDone(site: Site<Live>, host: string, changing: ReadonlySet<string>): boolean;
  /** Pure: what it would put right. An action without changes nothing, but waits. */
  changes?(site: Site<Live>, host: string): readonly PlannedChange[];
  /** Safe to call twice. */
  run(context: ActionContext<Live>): Promise<void>;
}

/** A named part of the way. It computes; it never runs anything, but for its action. */
export interface Step<Live> {
  /** Stable: part of the command line, logs and events. */
  readonly id: string;
  /** Imperative and short. */
  readonly title: string;
  /** Names of the hosts (or `clusterPlace`) it runs on. */
  on(cluster: Cluster): readonly string[];
  readonly after: readonly Edge[];
  /** What the place shall have after this step, in the order in which it is to be changed. */
  resources?(site: Site<Live>, host: string): readonly AnyResource[];
  /** Runs after the resources are in order. */
  readonly action?: Action<Live>;
  /** Looked at again just before it runs, when Live was unknown at plan time or has changed since. */
  readonly needsLive?: boolean;
  /** Runs on the host's second channel, beside its other steps. */
  readonly bulk?: boolean;
  /** At most this many of the step's hosts at a time. */
  readonly exclusive?: number;
  /**
   * True when the step interrupts what runs on the host: it then waits for the host's turn, which the host keeps until its last step is
   * done, and for good when it fails. `changing` holds ids and paths that this run changes there.
   */
  interrupts?(site: Site<Live>, host: string, changing: ReadonlySet<string>): boolean;
}

/** Of these hosts so many at a time are interrupted. */
export interface Turns {
  readonly hosts: readonly string[];
  readonly atATime: number;
}

/** What the running cluster says, and the way to it. */
export interface LiveReading<Live> {
  readonly live: Live;
  readonly api: Api;
}

/** Reads Live through any healthy control plane; undefined while none answers. */
export type ReadLive<Live> = (context: {
  readonly cluster: Cluster;
  readonly facts: ReadonlyMap<string, Facts>;
  readonly hosts: ReadonlyMap<string, Host>;
  readonly vault: Vault;
  readonly signal: AbortSignal;
}) => Promise<LiveReading<Live> | undefined>;

/** An obstacle, and on which host it is. */
export interface FoundObstacle extends Obstacle {
  readonly host: string;
}

/** A judgement before any change. `problems` is pure; `obstacles` are those of the run's own resources. */
export interface Check<Live> {
  /** Kebab-case; may stand in the inventory's `ignoreChecks`. */
  readonly name: string;
  /** What the catalogue of errors calls that which it finds; default: `check`. */
  readonly code?: ErrorCode;
  /** What it finds is told as a notice, and stops nothing. */
  readonly isNotice?: boolean;
  problems(site: Site<Live>, obstacles?: readonly FoundObstacle[]): readonly Problem[];
}
