import test from "ava";
import { parseDuration, printDuration, printHumanDuration, printShortDuration } from "../../src/kubernetes/duration.ts";

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

test("a duration shows in one or two units, and in days until two years", (t) => {
  const cases: readonly (readonly [number, string])[] = [
    [-2000, "<invalid>"],
    [-900, "0s"],
    [119_000, "119s"],
    [120_000, "2m"],
    [330_000, "5m30s"],
    [179 * 60_000, "179m"],
    [3 * hour, "3h"],
    [7.5 * hour, "7h30m"],
    [47 * hour, "47h"],
    [50 * hour, "2d2h"],
    [192 * hour, "8d"],
    [24 * hour * 365 - 1, "364d"],
    [24 * hour * 729, "729d"],
    [24 * hour * 764, "2y34d"],
    [24 * hour * 3650 - 1, "9y"],
  ];
  for (const [ms, text] of cases) t.is(printHumanDuration(ms), text);
});

test("a duration is printed as Go prints it, and read back", (t) => {
  for (const text of ["0s", "250ms", "1.5s", "1m30s", "5m0s", "8760h0m0s", "-1h0m0s"]) t.is(printDuration(parseDuration(text)), text);
  t.is(printDuration(parseDuration("24h")), "24h0m0s");
});
