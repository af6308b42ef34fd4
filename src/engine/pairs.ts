import type { Cluster } from "../inventory/cluster.ts";
import type { Edge, Step } from "./contracts.ts";

/** One step on one host: the unit that is planned and run. */
export interface Pair<Live> {
  readonly key: string;
  readonly host: string;
  readonly step: Step<Live>;
}

/** The key of a pair, also for messages: `cp1/containerd`. */
export function pairKey(host: string, step: string): string {
  return `${host}/${step}`;
}

/** Every (host, step) of a way, in the way's order. */
export function listPairs<Live>(way: readonly Step<Live>[], cluster: Cluster): readonly Pair<Live>[] {
  return way.flatMap((step) => step.on(cluster).map((host) => ({ key: pairKey(host, step.id), host, step })));
}

/** The pairs that an edge of a pair points to: none when the step it names does not run there. */
export function predecessors<Live>(pair: Pair<Live>, edge: Edge, pairs: readonly Pair<Live>[]): readonly Pair<Live>[] {
  return pairs.filter((other) => other.step.id === edge.step && (edge.scope !== "same-host" || other.host === pair.host));
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
