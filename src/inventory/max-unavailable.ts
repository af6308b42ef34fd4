import { matching } from "./judge.ts";

/** A number of workers, or a part of them such as `10%`. */
export type MaxUnavailable = number | string;

/** From `1%` to `100%`. */
export const judgePercent = matching(
  /^([1-9][0-9]?|100)%$/,
  (value) => `${JSON.stringify(value)} is neither a number nor a part; write 1 or more, or 1% to 100%`,
);

/** How many of `count` workers that is: a part is rounded down, and one is always allowed. */
export function countUnavailable(limit: MaxUnavailable, count: number): number {
  return typeof limit === "number" ? limit : Math.max(1, Math.floor((count * Number.parseInt(limit, 10)) / 100));
}
