import test from "ava";
import { parseDuration, printShortDuration } from "../../src/kubernetes/duration.ts";

const hour = 3_600_000;

test("durations are read as Go writes them", (t) => {
  const cases: readonly (readonly [string, number])[] = [
    ["0", 0],
    ["24h0m0s", 24 * hour],
    ["1h30m", 1.5 * hour],
    ["1.5h", 1.5 * hour],
    ["90s", 90_000],
    ["250ms", 250],
    ["-5s", -5000],
    ["+2m", 120_000],
  ];
  for (const [text, ms] of cases) t.is(parseDuration(text), ms, text);
});

test("anything else is no duration", (t) => {
  for (const text of ["", "24", "1d", "h", "5 m", "1h!", "--1h"]) {
    const error = t.throws(() => parseDuration(text), { code: "usage" });
    t.is(error?.message, `${JSON.stringify(text)} is not a duration`);
  }
});

test("a duration shows in its largest whole unit", (t) => {
  const cases: readonly (readonly [number, string])[] = [
    [-2000, "<invalid>"],
    [-500, "0s"],
    [0, "0s"],
    [59_900, "59s"],
    [60_000, "1m"],
    [24 * hour - 1, "23h"],
    [24 * hour, "1d"],
    [364.9 * 24 * hour, "364d"],
    [800 * 24 * hour, "2y"],
  ];
  for (const [ms, text] of cases) t.is(printShortDuration(ms), text);
});
