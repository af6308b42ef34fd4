import type { Difference } from "./contracts.ts";
import type { Plan } from "./plan.ts";

/** One way in which a host or the cluster is not as the inventory says. */
export interface Drift extends Difference {
  readonly host: string;
  readonly step: string;
  /** The thing that differs: `file:/etc/hosts`. */
  readonly id: string;
}

/**
 * What differs by itself, host by host in the given order. Left out is what follows from another change (the restart for a file that
 * changes), what a step only waits for, and what could not be seen: see `listUnseen`.
 */
export function findDrift(plan: Plan, hosts: readonly string[]): readonly Drift[] {
  return hosts.flatMap((host) =>
    plan
      .filter((pair) => pair.host === host)
      .flatMap(({ step, changes }) =>
        changes.flatMap(({ id, differences }) =>
          differences
            .filter(({ follows, unsure }) => !follows && !unsure)
            .map(({ what, from, to }) => ({ host, step, id, what, from, to })),
        ),
      ),
  );
}

/** Names of hosts of which something could not be seen, and where nothing that differs explains it. */
export function listUnseen(plan: Plan, drift: readonly Drift[]): readonly string[] {
  const explained = new Set(drift.map(({ host }) => host));
  const unseen = plan
    .filter(({ changes }) => changes.some(({ differences }) => differences.some(({ unsure }) => unsure)))
    .map(({ host }) => host);
  return [...new Set(unseen)].filter((host) => !explained.has(host));
}
