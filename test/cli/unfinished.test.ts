import test from "ava";
import { listUnfinished } from "../../src/cli/unfinished.ts";
import type { PlannedPair } from "../../src/engine/plan.ts";

function planned(host: string, step: string): PlannedPair {
  return { host, step, title: step, changes: [], action: "do it", decidedLater: false };
}

test("names by host what was planned and is not done, whatever stopped it", (t) => {
  const plan = [planned("cp1", "containerd"), planned("w1", "containerd"), planned("cp1", "kubelet"), planned("w1", "join")];
  const outcomes = new Map([
    ["cp1/containerd", "done"],
    ["cp1/kubelet", "failed"],
    ["w1/containerd", "done"],
    ["w1/join", "skipped"],
  ] as const);
  t.deepEqual(listUnfinished({ plan, outcomes }), ["cp1: kubelet", "w1: join"]);
});

test("names nothing where all is done", (t) => {
  t.deepEqual(listUnfinished({ plan: [planned("cp1", "kernel")], outcomes: new Map([["cp1/kernel", "done"]]) }), []);
});
