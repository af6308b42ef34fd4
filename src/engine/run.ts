import type { Facts } from "../host/facts.ts";
import { eventVersion } from "./events.ts";
import type { PairOutcome } from "./graph.ts";
import { assertWay, listPairs } from "./pairs.ts";
import type { Interruption, Plan } from "./plan.ts";
import { reachHosts } from "./reach.ts";
import { type RunOptions, Session } from "./session.ts";

export type { RunOptions } from "./session.ts";

export interface RunResult {
  readonly plan: Plan;
  readonly interruptions: readonly Interruption[];
  /** By pair key; empty when nothing was applied. */
  readonly outcomes: ReadonlyMap<string, PairOutcome>;
  /** Hosts that were set aside (or `cluster`), with the reason. */
  readonly errors: ReadonlyMap<string, Error>;
  /** What each host said when it was reached. */
  readonly facts: ReadonlyMap<string, Facts>;
  /** Scripts sent to each host. */
  readonly trips: Readonly<Record<string, number>>;
}

/**
 * Probes, observes and plans; with `apply`, does it. Nothing is changed anywhere before all checks of all reachable hosts are in.
 * Throws KbootError `check` when one fails; failures of single hosts are in the result.
 */
export async function runWay<Live>(options: RunOptions<Live>): Promise<RunResult> {
  const { cluster, emit, signal } = options;
  assertWay(options.way);
  const began = Date.now();
  const pairs = listPairs(options.way, cluster, options.select);
  const involved = new Set(pairs.map((pair) => pair.host));
  const wanted = cluster.hosts.filter((host) => involved.has(host.name) || (host.role === "control-plane" && !options.alone));
  emit({ type: "run-started", version: eventVersion, run: options.run.id, cluster: cluster.name, hosts: wanted.map((host) => host.name) });
  const { hosts, facts, unreachable } = await reachHosts(
    wanted,
    { urls: options.sources.probes, certificatesDir: options.cluster.certificatesDir },
    options.open,
    emit,
    signal,
  );
  try {
    const artifacts = await options.sources.resolve([...new Set([...facts.values()].map(({ architecture }) => architecture))]);
    const session = new Session(options, pairs, hosts, {
      cluster,
      facts,
      live: undefined,
      nodeAddress: options.chooseNodeAddresses(cluster, facts),
      unreachable,
      artifacts,
      now: new Date(),
    });
    await session.look();
    session.check();
    const plan = session.plan();
    const interruptions = options.foresee?.(plan) ?? [];
    options.approve?.(plan, unreachable);
    emit({ type: "planned", plan, interruptions, willApply: options.apply });
    const outcomes = options.apply ? await session.apply() : new Map<string, PairOutcome>();
    const errors = new Map([...unreachable, ...session.errors]);
    const trips = Object.fromEntries([...hosts].map(([name, host]) => [name, host.trips]));
    emit({ type: "run-finished", ok: errors.size === 0 && !signal.aborted, seconds: (Date.now() - began) / 1000, trips });
    return { plan, interruptions, outcomes, errors, facts, trips };
  } finally {
    await Promise.all([...hosts.values()].map((host) => host.close()));
  }
}
