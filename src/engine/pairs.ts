import type { Cluster } from "../inventory/cluster.ts";
import type { Edge, Step } from "./contracts.ts";

/** One step on one host: the unit that is planned and run. */
export interface Pair<Live> {
  readonly key: string;
  readonly host: string;
  readonly step: Step<Live>;
  /** What leads to other hosts is one object for all pairs of the step. */
  readonly after: readonly Predecessors<Live>[];
}

/** What one edge of a step means for a pair. No pairs: there is nothing to wait for. */
export interface Predecessors<Live> {
  readonly scope: Edge["scope"];
  readonly pairs: readonly Pair<Live>[];
}

/** The key of a pair, also for messages: `cp1/containerd`. */
export function pairKey(host: string, step: string): string {
  return `${host}/${step}`;
}

/**
 * Every selected (host, step) of a way, in the way's order; what is not selected counts as done, once what it would have waited for on the
 * same host is.
 */
export function listPairs<Live>(
  way: readonly Step<Live>[],
  cluster: Cluster,
  select: (host: string, step: string) => boolean = () => true,
): readonly Pair<Live>[] {
  const byStep = new Map<string, readonly Pair<Live>[]>();
  /** By step and host, also of what is not selected. */
  const predecessors = new Map<string, ReadonlyMap<string, readonly Predecessors<Live>[]>>();
  for (const step of way) {
    // pairs of one step share what leads to other hosts, so that it is judged once for all of them
    const edges = step.after.map((edge): ((host: string) => readonly Predecessors<Live>[]) => {
      const only = edge.of?.(cluster);
      const { scope } = edge;
      const pairs = (byStep.get(edge.step) ?? []).filter(({ host }) => only?.includes(host) ?? true);
      const shared = [{ scope, pairs }];
      const byHost = Map.groupBy(pairs, ({ host }) => host);
      if (scope !== "same-host") return () => shared;
      return (host) => {
        const own = byHost.get(host);
        return own === undefined ? (predecessors.get(edge.step)?.get(host) ?? []) : [{ scope, pairs: own }];
      };
    });
    const hosts = step.on(cluster);
    const after = new Map(hosts.map((host) => [host, edges.flatMap((of) => of(host))]));
    predecessors.set(step.id, after);
    byStep.set(
      step.id,
      hosts
        .filter((host) => select(host, step.id))
        .map((host) => ({ key: pairKey(host, step.id), host, step, after: after.get(host) ?? [] })),
    );
  }
  return [...byStep.values()].flat();
}

/** Throws when a way is not one: a step named twice, an edge to a step that does not come before. */
export function assertWay<Live>(way: readonly Step<Live>[]): void {
  const seen = new Set<string>();
  for (const step of way) {
    if (seen.has(step.id)) throw new Error(`the step ${step.id} stands twice in the way`);
    for (const edge of step.after) {
      if (!seen.has(edge.step)) throw new Error(`the step ${step.id} comes after ${edge.step}, which does not stand before it`);
    }
    seen.add(step.id);
  }
}
