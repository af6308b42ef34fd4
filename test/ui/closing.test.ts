import test from "ava";
import type { EngineEvent } from "../../src/engine/events.ts";
import { createClosing } from "../../src/ui/closing.ts";
import { plan, record, story } from "./support/story.ts";

function close(events: readonly EngineEvent[], log?: string): string {
  const closing = createClosing({ file: "lab.yaml", log });
  for (const event of events) closing.listen(event);
  return closing.text();
}

const next = "next: kboot kubeconfig -f lab.yaml > kubeconfig && kubectl --kubeconfig kubeconfig get nodes";

test("an apply closes with seconds per step and host, round trips, and the log", (t) => {
  t.deepEqual(close(story, ".kboot/logs/r1.jsonl").split("\n"), [
    "",
    "SECONDS      cp1  worker1",
    "containerd   1.3",
    "join              3.1",
    "round trips  3    4",
    "",
    "log: .kboot/logs/r1.jsonl",
    "",
  ]);
});

test("what to do next is told when all is in order, also when nothing had to be changed", (t) => {
  const events = record({ type: "planned", plan: [], willApply: true }, { type: "run-finished", ok: true, seconds: 1, trips: { cp1: 2 } });
  t.is(close(events), `\nnothing had to be changed\n${next}\n`);
  t.false(close(story).includes("next:"));
});

test("of many hosts only the slowest is told", (t) => {
  const hosts = Array.from({ length: 30 }, (_, index) => `w${index}`);
  const events = record(
    { type: "planned", plan, willApply: true },
    ...hosts.map((host) => ({ type: "step-started" as const, host, step: "join", title: "Join the cluster" })),
    ...hosts.map((host, index) => ({ type: "step-finished" as const, host, step: "join", seconds: (index * 7) % 30, changes: 1 })),
  );
  t.is(close(events), "\nSTEP  HOSTS  SLOWEST  SECONDS\njoin  30     w17      29.0\n\n");
});

test("a plan closes with nothing", (t) => {
  t.is(close(record({ type: "planned", plan, willApply: false })), "");
});
