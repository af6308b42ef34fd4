import { createHash } from "node:crypto";
import { type HostKinds, kindOf, pathsOf } from "./compose.ts";
import type { AnyResource, ClusterKind, Item, PlannedChange, Site } from "./contracts.ts";
import { clusterPlace, isAttribute } from "./contracts.ts";
import type { Pair } from "./pairs.ts";
import type { Vault } from "./vault.ts";

/** What a run would do for one step on one host. */
export interface PlannedPair {
  readonly host: string;
  readonly step: string;
  readonly title: string;
  /** What is put right, by resources and by the action. None: the step waits. */
  readonly changes: readonly PlannedChange[];
  /** What the step's action would do; undefined when it has none or is done. */
  readonly action: string | undefined;
  /** True when the cluster could not be asked, so that this part is decided again once it answers. */
  readonly decidedLater: boolean;
}

/** Only pairs with something to do. */
export type Plan = readonly PlannedPair[];

/** What will not work for a while when a plan is applied. */
export interface Interruption {
  readonly host: string;
  /** What restarts: `kube-apiserver`. */
  readonly what: string;
  /** `/etc/kubernetes/pki/apiserver.crt changes` */
  readonly reason: string;
  /** `the API does not answer for some seconds` */
  readonly effect: string;
}

/** What was seen of a host's resources, by id. */
export type Observed = ReadonlyMap<string, unknown>;

/** The items of a step that are not as wished, and what its action would do. */
export interface PairDiff {
  readonly items: readonly Item<AnyResource, unknown>[];
  readonly action: string | undefined;
}

export interface DiffContext<Live> {
  readonly site: Site<Live>;
  /** The time by which expiry is judged. */
  readonly now: Date;
  readonly vault: Vault;
  readonly kinds: HostKinds;
  readonly clusterKind: ClusterKind;
}

/**
 * What is not as wished for one pair. `changing` holds ids and paths that change earlier on the same host in this plan; what this
 * pair changes is added to it.
 */
export function diffPair<Live>(pair: Pair<Live>, observed: Observed, changing: Set<string>, context: DiffContext<Live>): PairDiff {
  const { site, now, vault, kinds, clusterKind } = context;
  const items: Item<AnyResource, unknown>[] = [];
  for (const resource of pair.step.resources?.(site, pair.host) ?? []) {
    const onCluster = pair.host === clusterPlace;
    const kind = onCluster ? undefined : kindOf(kinds, resource);
    const id = kind === undefined ? clusterKind.id(resource) : kind.id(resource);
    const seen = observed.get(id);
    const differences = kind === undefined ? clusterKind.compare(resource, seen) : kind.compare(resource, seen, { vault, now, changing });
    if (differences.length === 0) continue;
    items.push({ resource, observed: seen, differences });
    if (differences.every(isAttribute)) continue;
    changing.add(id);
    for (const path of pathsOf(resource)) changing.add(path);
  }
  const { action } = pair.step;
  return { items, action: action === undefined || action.isDone(site, pair.host, changing) ? undefined : action.describe };
}

/** The printable plan of a pair; undefined when there is nothing to do. */
export function toPlannedPair<Live>(pair: Pair<Live>, diff: PairDiff, context: DiffContext<Live>): PlannedPair | undefined {
  if (diff.items.length === 0 && diff.action === undefined) return undefined;
  return {
    host: pair.host,
    step: pair.step.id,
    title: pair.step.title,
    changes: [
      ...diff.items.map(({ resource, differences }) => ({
        id: pair.host === clusterPlace ? context.clusterKind.id(resource) : kindOf(context.kinds, resource).id(resource),
        differences,
        wish: createHash("sha256").update(JSON.stringify(resource)).digest("hex").slice(0, 16),
      })),
      ...(diff.action === undefined ? [] : (pair.step.action?.changes?.(context.site, pair.host) ?? [])),
    ],
    action: diff.action,
    decidedLater: (pair.step.needsLive ?? false) && context.site.live === undefined,
  };
}
