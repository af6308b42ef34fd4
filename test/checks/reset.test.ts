import test from "ava";
import { resetChecks } from "../../src/checks/reset.ts";
import type { Site } from "../../src/engine/contracts.ts";
import type { Live } from "../../src/kubernetes/live.ts";

const [check] = resetChecks(["w1", "w2"]);

function siteOf(states: Readonly<Record<string, string | undefined>>): Site<Live> {
  const facts = new Map(Object.entries(states).map(([host, state]) => [host, { state }]));
  return { cluster: { name: "lab" }, facts } as unknown as Site<Live>;
}

const stateOf = (cluster: string) => JSON.stringify({ version: 1, cluster, made: {} });

test("a host of another cluster is not reset, and both are named; hosts that are left out do not count", (t) => {
  const problems = check?.problems(siteOf({ cp1: stateOf("other"), w1: stateOf("lab"), w2: stateOf("other") })) ?? [];
  t.deepEqual(
    problems.map(({ host, message }) => `${host}: ${message}`),
    ["w2: it belongs to the cluster other, not to lab"],
  );
  t.regex(problems[0]?.hint ?? "", /inventory of other/);
});

test("a host without a record, or of this cluster, may be reset", (t) => {
  t.deepEqual(check?.problems(siteOf({ w1: undefined, w2: stateOf("lab") })), []);
});
