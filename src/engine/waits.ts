import type { Place } from "./events.ts";
import type { Pair, Predecessors } from "./pairs.ts";

/** What is known of a pair that has ended. */
interface Ended {
  readonly place: Place;
  /** Its number among those that have ended. */
  readonly order: number;
}

/** Follows who waits for whom in a graph. */
export function createWaits<Live>(): {
  /** What a pair that can start now waited for last. */
  begin(pair: Pair<Live>): Place | undefined;
  end(pair: Pair<Live>, didSomething: boolean): void;
} {
  const ended = new Map<string, Ended | undefined>();
  const begun = new Map<string, Ended | undefined>();
  /** The last to end of those that exclude each other: on one channel of a host, or of a step that runs on few hosts at a time. */
  const lastOf = new Map<string, Ended>();
  /** What an edge ended with; many hosts may share one. */
  const endOf = new Map<Predecessors<Live>, Ended | undefined>();
  let count = 0;

  const readEnd = (edge: Predecessors<Live>): Ended | undefined => {
    if (endOf.has(edge)) return endOf.get(edge);
    const known = edge.pairs.flatMap(({ key }) => ended.get(key) ?? []).toSorted((one, other) => one.order - other.order);
    const end = edge.scope === "any-host" ? known[0] : known.at(-1);
    endOf.set(edge, end);
    return end;
  };

  const rivals = ({ host, step }: Pair<Live>) => [
    `${host} ${step.bulk ?? false}`,
    ...(step.exclusive === undefined ? [] : [`step ${step.id}`]),
  ];

  return {
    begin(pair) {
      const last = latest([...pair.after.map(readEnd), ...rivals(pair).map((rival) => lastOf.get(rival))]);
      begun.set(pair.key, last);
      return last?.place;
    },
    end(pair, didSomething) {
      // who waited for a pair that had nothing to do has waited for what that one waited for
      const own = didSomething ? { place: { host: pair.host, step: pair.step.id }, order: count++ } : begun.get(pair.key);
      ended.set(pair.key, own);
      if (own !== undefined) for (const rival of rivals(pair)) lastOf.set(rival, latest([own, lastOf.get(rival)]) ?? own);
    },
  };
}

function latest(ends: readonly (Ended | undefined)[]): Ended | undefined {
  return ends.reduce((one, other) => ((other?.order ?? -1) > (one?.order ?? -1) ? other : one), undefined);
}
