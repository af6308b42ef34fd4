import { clusterPlace, type Turns } from "./contracts.ts";
import type { Place } from "./events.ts";
import type { Pair } from "./pairs.ts";
import { createWaits } from "./waits.ts";

/** How a pair ended. `skipped`: its host was set aside, or the run stopped, before it began. */
export type PairOutcome = "done" | "failed" | "skipped";

export interface GraphOptions<Live> {
  readonly pairs: readonly Pair<Live>[];
  /** Hosts that get no step at all. */
  readonly setAside: ReadonlySet<string>;
  /** Hosts whose failure stops the whole run. The cluster itself always does. */
  readonly decisive: ReadonlySet<string>;
  /** Hosts of which only so many are interrupted at a time, and whether a pair interrupts its host. */
  readonly turns?: readonly Turns[];
  interrupts?(pair: Pair<Live>): boolean;
  /**
   * Runs one pair and resolves to whether it had something to do; a rejection is its failure. `waitedFor` is what it waited for last,
   * of the pairs that had something to do.
   */
  run(pair: Pair<Live>, waitedFor: Place | undefined): Promise<boolean>;
  readonly signal: AbortSignal;
}

/**
 * Runs each pair as soon as what it needs is done. On one host one pair at a time, bulk pairs beside them, one at a time too.
 * A host that failed a pair gets no later one; the other hosts go on, unless the host was decisive. A host that is interrupted has a turn
 * from then until all of its pairs are done; one that fails keeps it, so that what broke it does not go on to break the others. Resolves
 * when nothing runs any more and nothing can start; never rejects.
 */
export async function runGraph<Live>(options: GraphOptions<Live>): Promise<ReadonlyMap<string, PairOutcome>> {
  const { pairs } = options;
  const outcomes = new Map<string, PairOutcome>();
  const running = new Map<string, Pair<Live>>();
  const aside = new Set(options.setAside);
  const finished = new Set<Promise<void>>();
  const groups = new Map((options.turns ?? []).flatMap((turns) => turns.hosts.map((host) => [host, turns] as const)));
  const interrupted = new Set<string>();
  const left = new Map([...Map.groupBy(pairs, ({ host }) => host)].map(([host, own]) => [host, own.length]));
  const waits = createWaits<Live>();
  let stopped = false;

  const needsTurn = (pair: Pair<Live>): boolean =>
    groups.has(pair.host) && !interrupted.has(pair.host) && (options.interrupts?.(pair) ?? false);

  const isFree = ({ hosts, atATime }: Turns): boolean => hosts.filter((host) => interrupted.has(host)).length < atATime;

  const state = (pair: Pair<Live>): PairOutcome | undefined => outcomes.get(pair.key);

  const isReady = (pair: Pair<Live>): boolean => {
    for (const { scope, pairs: before } of pair.after) {
      if (before.length === 0) continue;
      const holds =
        scope === "any-host"
          ? before.some((other) => state(other) === "done")
          : before.every(
              (other) => state(other) === "done" || (scope === "every-host" && aside.has(other.host) && !running.has(other.key)),
            );
      if (!holds) return false;
    }
    for (const other of running.values()) {
      if (other.host === pair.host && (other.step.bulk ?? false) === (pair.step.bulk ?? false)) return false;
    }
    const sameStep = [...running.values()].filter((other) => other.step.id === pair.step.id).length;
    if (sameStep >= (pair.step.exclusive ?? Number.POSITIVE_INFINITY)) return false;
    const group = groups.get(pair.host);
    return group === undefined || !needsTurn(pair) || isFree(group);
  };

  const start = (pair: Pair<Live>): void => {
    running.set(pair.key, pair);
    if (needsTurn(pair)) interrupted.add(pair.host);
    const promise: Promise<void> = options
      .run(pair, waits.begin(pair))
      .then(
        (didSomething) => {
          outcomes.set(pair.key, "done");
          const rest = (left.get(pair.host) ?? 0) - 1;
          left.set(pair.host, rest);
          if (rest === 0) interrupted.delete(pair.host);
          waits.end(pair, didSomething);
        },
        () => {
          outcomes.set(pair.key, "failed");
          waits.end(pair, true);
          aside.add(pair.host);
          if (pair.host === clusterPlace || options.decisive.has(pair.host)) stopped = true;
        },
      )
      .finally(() => {
        running.delete(pair.key);
        finished.delete(promise);
      });
    finished.add(promise);
  };

  for (;;) {
    if (!stopped && !options.signal.aborted) {
      for (const pair of pairs) {
        if (state(pair) === undefined && !running.has(pair.key) && !aside.has(pair.host) && isReady(pair)) start(pair);
      }
    }
    if (finished.size === 0) break;
    await Promise.race(finished);
  }
  for (const pair of pairs) if (!outcomes.has(pair.key)) outcomes.set(pair.key, "skipped");
  return outcomes;
}
