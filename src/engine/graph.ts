import { clusterPlace, type Turns } from "./contracts.ts";
import type { Place } from "./events.ts";
import type { Pair, Predecessors } from "./pairs.ts";
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
 * when nothing runs any more and nothing can start; rejects only for a way that cannot be gone to its end, which is a bug.
 */
export async function runGraph<Live>(options: GraphOptions<Live>): Promise<ReadonlyMap<string, PairOutcome>> {
  const outcomes = new Map<string, PairOutcome>();
  const running = new Set<string>();
  const lanes = new Set<string>();
  const sameStep = new Map<string, number>();
  const aside = new Set(options.setAside);
  const own = Map.groupBy(options.pairs, ({ host }) => host);
  const waiting = new Map<string, readonly Pair<Live>[]>(own);
  const hostsOf = new Map([...Map.groupBy(options.pairs, ({ step }) => step.id)].map(([id, pairs]) => [id, pairs.map(({ host }) => host)]));
  const held = new Set<Predecessors<Live>>();
  const shared = listShared(options.pairs);
  const groups = new Map((options.turns ?? []).flatMap((turns) => turns.hosts.map((host) => [host, turns] as const)));
  const interrupted = new Set<string>();
  const unfinished = new Map([...own].map(([host, pairs]) => [host, pairs.length]));
  const waits = createWaits<Live>();
  const { promise: idle, resolve: end } = Promise.withResolvers<void>();
  let stopped = false;

  const isSettled = (pair: Pair<Live>) => outcomes.get(pair.key) === "done" || (aside.has(pair.host) && !running.has(pair.key));

  /** What holds once holds for good. */
  const holds = (edge: Predecessors<Live>): boolean => {
    if (held.has(edge)) return true;
    const isDone = (pair: Pair<Live>) => outcomes.get(pair.key) === "done";
    const { scope, pairs } = edge;
    const does =
      pairs.length === 0 || (scope === "any-host" ? pairs.some(isDone) : pairs.every(scope === "every-host" ? isSettled : isDone));
    if (does) held.add(edge);
    return does;
  };

  const needsTurn = (pair: Pair<Live>): boolean => !interrupted.has(pair.host) && (options.interrupts?.(pair) ?? false);

  const mayInterrupt = (pair: Pair<Live>): boolean => {
    const group = groups.get(pair.host);
    return group === undefined || !needsTurn(pair) || group.hosts.filter((host) => interrupted.has(host)).length < group.atATime;
  };

  const isReady = (pair: Pair<Live>): boolean =>
    !lanes.has(laneOf(pair)) &&
    (sameStep.get(pair.step.id) ?? 0) < (pair.step.exclusive ?? Number.POSITIVE_INFINITY) &&
    pair.after.every(holds) &&
    mayInterrupt(pair);

  const start = (pair: Pair<Live>): void => {
    running.add(pair.key);
    lanes.add(laneOf(pair));
    sameStep.set(pair.step.id, (sameStep.get(pair.step.id) ?? 0) + 1);
    if (groups.has(pair.host) && needsTurn(pair)) interrupted.add(pair.host);
    void options.run(pair, waits.begin(pair)).then(
      (didSomething) => finish(pair, "done", didSomething),
      () => finish(pair, "failed", true),
    );
  };

  /** Starts what is ready on a host. */
  const wake = (host: string): void => {
    if (stopped || options.signal.aborted || aside.has(host)) return;
    const left = (waiting.get(host) ?? []).filter((pair) => {
      if (!isReady(pair)) return true;
      start(pair);
      return false;
    });
    waiting.set(host, left);
  };

  const finish = (pair: Pair<Live>, outcome: PairOutcome, didSomething: boolean): void => {
    const { host, step } = pair;
    waits.end(pair, didSomething);
    outcomes.set(pair.key, outcome);
    running.delete(pair.key);
    lanes.delete(laneOf(pair));
    sameStep.set(step.id, (sameStep.get(step.id) ?? 1) - 1);
    if (outcome === "failed") {
      aside.add(host);
      if (host === clusterPlace || options.decisive.has(host)) stopped = true;
    }
    // no host waits for one that is set aside, in whatever step
    const steps = aside.has(host) ? (own.get(host) ?? []).map((other) => other.step.id) : [step.id];
    const opened = steps.flatMap((id) => shared.get(id) ?? []).filter(({ edge }) => !held.has(edge) && holds(edge));
    const freed = step.exclusive === undefined ? [] : (hostsOf.get(step.id) ?? []);
    const rest = (unfinished.get(host) ?? 0) - 1;
    unfinished.set(host, rest);
    const endsTurn = outcome === "done" && rest === 0 && interrupted.delete(host);
    const next = endsTurn ? (groups.get(host)?.hosts ?? []) : [];
    for (const other of new Set([host, ...opened.flatMap(({ hosts }) => hosts), ...freed, ...next])) wake(other);
    if (running.size === 0) end();
  };

  for (const host of own.keys()) wake(host);
  if (running.size > 0) await idle;
  const stuck = options.pairs.find((pair) => !outcomes.has(pair.key));
  if (stuck !== undefined && aside.size === 0 && !options.signal.aborted) throw new Error(`${stuck.key} waits for what never ends`);
  for (const pair of options.pairs) if (!outcomes.has(pair.key)) outcomes.set(pair.key, "skipped");
  return outcomes;
}

/** On one host one pair runs at a time, and beside it one that is bulk. */
function laneOf<Live>({ host, step }: Pair<Live>): string {
  return `${host} ${step.bulk ? "bulk" : "main"}`;
}

/** The edges that lead to other hosts, by the step that they name, with the hosts that wait for them. */
function listShared<Live>(pairs: readonly Pair<Live>[]) {
  const hosts = new Map<Predecessors<Live>, string[]>();
  for (const { host, after } of pairs) {
    for (const edge of after) {
      if (edge.scope === "same-host") continue;
      const known = hosts.get(edge);
      if (known === undefined) hosts.set(edge, [host]);
      else known.push(host);
    }
  }
  return Map.groupBy(
    [...hosts].map(([edge, waiting]) => ({ edge, hosts: waiting })),
    ({ edge }) => edge.pairs[0]?.step.id,
  );
}
