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

/** What could not be seen, by host: ids of things. One that is not seen since another differs is left out, as that one is told. */
export function listUnseen(plan: Plan, drift: readonly Drift[]): ReadonlyMap<string, readonly string[]> {
  const told = new Set(drift.map(({ host, id }) => `${host} ${id}`));
  const unseen = plan.flatMap(({ host, changes }) =>
    changes
      .filter(({ differences }) => differences.some(({ unsure, seenBy }) => unsure && !told.has(`${host} ${seenBy}`)))
      .map(({ id }) => ({ host, id })),
  );
  const ids = ([host, things]: [string, typeof unseen]) => [host, [...new Set(things.map(({ id }) => id))]] as const;
  return new Map([...Map.groupBy(unseen, ({ host }) => host)].map(ids));
}
