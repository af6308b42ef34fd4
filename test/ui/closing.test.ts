import test from "ava";
import type { EngineEvent } from "../../src/engine/events.ts";
import { createClosing } from "../../src/ui/closing.ts";
import { plan, record, story } from "./support/story.ts";

function close(events: readonly EngineEvent[], log?: string, width = 100): string {
  const closing = createClosing({ next: "go on", log, width });
  for (const event of events) closing.listen(event);
  return closing.text();
}

const next = "next: go on";

test("an apply closes with seconds per step and host, and round trips; the error tells the log", (t) => {
  t.deepEqual(close(story, ".kboot/logs/r1.jsonl").split("\n"), [
    "",
    "SECONDS          cp1    worker1",
    "containerd       1.3 *",
    "join                    3.1 *",
    "sum (* longest)  1.3    3.1",
    "round trips      3      4",
    "",
    "",
  ]);
});

test("what to do next is told when all is in order, also when nothing had to be changed", (t) => {
  const events = record(
    { type: "planned", plan: [], interruptions: [], willApply: true },
    { type: "run-finished", ok: true, seconds: 1, trips: { cp1: 2 } },
  );
  t.is(close(events, "r1.jsonl"), `\nnothing had to be changed\nlog: r1.jsonl\n${next}\n`);
  t.false(close(story).includes("next:"));
});

test("of many hosts only the slowest is told", (t) => {
  const hosts = Array.from({ length: 30 }, (_, index) => `w${index}`);
  const events = record(
    { type: "planned", plan, interruptions: [], willApply: true },
    ...hosts.map((host) => ({ type: "step-started" as const, host, step: "join", title: "Join the cluster", readyAt: 0 })),
    ...hosts.map((host, index) => ({ type: "step-finished" as const, host, step: "join", seconds: (index * 7) % 30, changes: 1 })),
  );
  t.is(close(events), "\nSTEP  HOSTS  SLOWEST  SECONDS\njoin  30     w17      29.0\nsum   30     w17      29.0\n\n");
});

test("where names are too long to stand side by side, too", (t) => {
  const hosts = ["a", "b"].map((letter) => `${letter.repeat(30)}.example.com`);
  const events = record(
    { type: "planned", plan, interruptions: [], willApply: true },
    ...hosts.map((host) => ({ type: "step-started" as const, host, step: "join", title: "Join the cluster", readyAt: 0 })),
    ...hosts.map((host, index) => ({ type: "step-finished" as const, host, step: "join", seconds: index + 1, changes: 1 })),
    { type: "run-finished", ok: false, seconds: 2, trips: { [hosts[0] ?? ""]: 3, [hosts[1] ?? ""]: 5 } },
  );
  t.regex(close(events, undefined, 120), /^\nSECONDS +a+\.example\.com {2}b+\.example\.com\n/);
  t.deepEqual(close(events, undefined, 80).split("\n").slice(1, 5), [
    "STEP  HOSTS  SLOWEST                                     SECONDS",
    `join  2      ${hosts[1]}  2.0`,
    `sum   2      ${hosts[1]}  2.0`,
    "at most 5 round trips to a host",
  ]);
});

test("of several steps of a host the longest is marked, and all are summed up", (t) => {
  const step = (name: string, seconds: number) => [
    { type: "step-started" as const, host: "cp1", step: name, title: name, readyAt: 0 },
    { type: "step-finished" as const, host: "cp1", step: name, seconds, changes: 1 },
  ];
  const events = record(
    { type: "planned", plan, interruptions: [], willApply: true },
    ...step("kernel", 1),
    ...step("images", 20.25),
    ...step("join", 3),
  );
  t.deepEqual(close(events).split("\n").slice(2, 6), [
    "kernel           1.0",
    "images           20.3 *",
    "join             3.0",
    "sum (* longest)  24.3",
  ]);
});

test("a plan closes with nothing", (t) => {
  t.is(close(record({ type: "planned", plan, interruptions: [], willApply: false })), "");
});
