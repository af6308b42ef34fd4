import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import fc from "fast-check";
import type { Edge, Step, Turns } from "../../src/engine/contracts.ts";
import { runGraph } from "../../src/engine/graph.ts";
import { assertWay, listPairs, type Pair } from "../../src/engine/pairs.ts";
import type { Cluster } from "../../src/inventory/cluster.ts";

const noCluster = {} as Cluster;

function step(id: string, hosts: readonly string[], after: readonly Edge[] = [], more: Partial<Step<unknown>> = {}): Step<unknown> {
  return { id, title: id, on: () => hosts, after, ...more };
}

async function run(
  way: readonly Step<unknown>[],
  options: {
    fail?: readonly string[];
    turns?: readonly Turns[];
    idle?: readonly string[];
    setAside?: readonly string[];
    decisive?: readonly string[];
    signal?: AbortSignal;
  } = {},
) {
  const pairs = listPairs(way, noCluster);
  const log: string[] = [];
  const waits: Record<string, string | undefined> = {};
  const outcomes = await runGraph({
    pairs,
    setAside: new Set(options.setAside),
    decisive: new Set(options.decisive),
    signal: options.signal ?? new AbortController().signal,
    turns: options.turns ?? [],
    interrupts: ({ step: { interrupts } }) => interrupts !== undefined,
    async run(pair, waitedFor) {
      waits[pair.key] = waitedFor && `${waitedFor.host}/${waitedFor.step}`;
      log.push(`+${pair.key}`);
      await sleep(1);
      log.push(`-${pair.key}`);
      if (options.fail?.includes(pair.key)) throw new Error("failed");
      return !(options.idle?.includes(pair.key) ?? false);
    },
  });
  return { outcomes: Object.fromEntries(outcomes), log, waits };
}

test("a host that failed gets no later step, the others go on", async (t) => {
  const way = [step("one", ["a", "b"]), step("two", ["a", "b"], [{ step: "one", scope: "same-host" }])];
  const { outcomes } = await run(way, { fail: ["a/one"] });
  t.deepEqual(outcomes, { "a/one": "failed", "b/one": "done", "a/two": "skipped", "b/two": "done" });
});

test("a pair is told what it waited for last, through pairs that had nothing to do", async (t) => {
  const way = [
    step("one", ["a", "b"]),
    step("two", ["a"], [{ step: "one", scope: "every-host" }]),
    step("three", ["a"], [{ step: "two", scope: "same-host" }]),
    step("four", ["a", "b"], [{ step: "three", scope: "any-host" }]),
  ];
  const { waits } = await run(way, { idle: ["a/two"] });
  t.is(waits["a/one"], undefined);
  t.is(waits["a/two"], "b/one");
  t.is(waits["a/three"], "b/one");
  t.is(waits["b/four"], "a/three");
});

test("a pair that its own host kept busy waited for that", async (t) => {
  const { waits } = await run([step("one", ["a"]), step("two", ["a"])]);
  t.is(waits["a/two"], "a/one");
});

test("an edge to every host does not wait for hosts that were set aside", async (t) => {
  const way = [step("one", ["a", "b", "c"]), step("two", ["a"], [{ step: "one", scope: "every-host" }])];
  const { outcomes } = await run(way, { fail: ["b/one"], setAside: ["c"] });
  t.is(outcomes["a/two"], "done");
});

test("an edge of some hosts does not wait for the others", async (t) => {
  const way = [step("one", ["a", "b"]), step("two", ["c"], [{ step: "one", scope: "every-host", of: () => ["a"] }])];
  const { outcomes } = await run(way, { fail: ["b/one"] });
  t.is(outcomes["c/two"], "done");
  const other = await run(way, { fail: ["a/one"], setAside: ["b"] });
  t.is(other.outcomes["c/two"], "done");
  const decisive = await run(way, { fail: ["a/one"], decisive: ["a"] });
  t.is(decisive.outcomes["c/two"], "skipped");
});

test("what waits for a pair that is not selected waits for that one's own predecessors on its host", (t) => {
  const way = [
    step("first", ["a"]),
    step("left-out", ["a"], [{ step: "first", scope: "same-host" }]),
    step("last", ["a"], [{ step: "left-out", scope: "same-host" }]),
  ];
  const pairs = listPairs(way, noCluster, (_host, id) => id !== "left-out");
  const last = pairs.find(({ key }) => key === "a/last");
  t.deepEqual(
    last?.after.flatMap((one) => one.pairs.map(({ key }) => key)),
    ["a/first"],
  );
});

test("a pair that is not selected counts as done", (t) => {
  const way = [step("one", ["a"]), step("two", ["a"], [{ step: "one", scope: "same-host" }])];
  const [pair] = listPairs(way, noCluster, (_host, id) => id === "two");
  t.is(pair?.key, "a/two");
  t.deepEqual(pair?.after, []);
});

test("an edge to any host holds once one of them is done", async (t) => {
  const way = [step("api", ["a", "b"]), step("join", ["w"], [{ step: "api", scope: "any-host" }])];
  const { outcomes } = await run(way, { fail: ["a/api"] });
  t.is(outcomes["w/join"], "done");
});

test("an edge to any host does not hold when all of them failed", async (t) => {
  const way = [step("api", ["a"]), step("join", ["w"], [{ step: "api", scope: "any-host" }])];
  const { outcomes } = await run(way, { fail: ["a/api"] });
  t.is(outcomes["w/join"], "skipped");
});

test("a decisive host's failure stops the run", async (t) => {
  const way = [step("one", ["cp", "w"]), step("two", ["cp", "w"], [{ step: "one", scope: "same-host" }])];
  const { outcomes } = await run(way, { fail: ["cp/one"], decisive: ["cp"] });
  t.is(outcomes["w/two"], "skipped");
});

test("a bulk step runs beside the others of its host", async (t) => {
  const way = [step("images", ["a"], [], { bulk: true }), step("files", ["a"])];
  const { log } = await run(way);
  t.deepEqual(log.slice(0, 2), ["+a/images", "+a/files"]);
});

test("an exclusive step runs on so many hosts at a time", async (t) => {
  const { log } = await run([step("one", ["a", "b", "c"], [], { exclusive: 1 })]);
  t.deepEqual(log, ["+a/one", "-a/one", "+b/one", "-b/one", "+c/one", "-c/one"]);
});

const rolling = [step("files", ["a", "b", "c"]), step("restart", ["a", "b", "c"], afterOwn("files"), { interrupts: () => true })];
const thenReady = [...rolling, step("ready", ["a", "b", "c"], afterOwn("restart"))];

function afterOwn(id: string): readonly Edge[] {
  return [{ step: id, scope: "same-host" }];
}

test("an interrupted host is done with all its steps before the next one is interrupted; what does not interrupt waits for nobody", async (t) => {
  const { log } = await run(thenReady, { turns: [{ hosts: ["a", "b", "c"], atATime: 1 }] });
  t.deepEqual(
    log.filter((line) => line.startsWith("+")),
    ["+a/files", "+b/files", "+c/files", "+a/restart", "+a/ready", "+b/restart", "+b/ready", "+c/restart", "+c/ready"],
  );
});

test("so many hosts of a group are interrupted at a time, and those of no group all at once", async (t) => {
  const two = await run(thenReady, { turns: [{ hosts: ["a", "b", "c"], atATime: 2 }] });
  t.true(two.log.indexOf("+b/restart") < two.log.indexOf("-a/restart"));
  t.true(two.log.indexOf("+c/restart") > two.log.indexOf("-a/ready"));
  const { log } = await run(thenReady, { turns: [{ hosts: ["a", "b"], atATime: 1 }] });
  t.true(log.indexOf("+c/restart") < log.indexOf("-a/restart"));
});

test("a host that fails while it is interrupted keeps its turn, so the others are left as they are", async (t) => {
  const { outcomes } = await run(thenReady, { turns: [{ hosts: ["a", "b", "c"], atATime: 1 }], fail: ["a/ready"] });
  t.is(outcomes["a/ready"], "failed");
  t.is(outcomes["b/files"], "done");
  t.is(outcomes["b/restart"], "skipped");
  t.is(outcomes["c/restart"], "skipped");
});

test("after a cancellation nothing new starts", async (t) => {
  const { outcomes, log } = await run([step("one", ["a"])], { signal: AbortSignal.abort() });
  t.deepEqual(log, []);
  t.is(outcomes["a/one"], "skipped");
});

test("how often a pair is looked at does not grow with the number of hosts", async (t) => {
  const looksPerHost = async (count: number) => {
    const hosts = Array.from({ length: count }, (_, index) => `h${index}`);
    const way = [
      step("one", hosts),
      step("two", hosts, [{ step: "one", scope: "same-host" }], { bulk: true }),
      step("three", hosts, [{ step: "one", scope: "any-host" }]),
      step("four", hosts, [{ step: "three", scope: "every-host" }]),
    ];
    let looks = 0;
    const pairs = listPairs(way, noCluster).map((pair) => ({
      ...pair,
      get after() {
        looks++;
        return pair.after;
      },
    }));
    await runGraph({ pairs, setAside: new Set(), decisive: new Set(), run: async () => true, signal: new AbortController().signal });
    return looks / count;
  };
  const [few, many] = [await looksPerHost(3), await looksPerHost(500)];
  t.true(many < few + 1, `${few} among 3 hosts, ${many} among 500`);
});

test("a way that cannot be gone to its end is a bug, and no silent end", async (t) => {
  const [one, two] = listPairs([step("one", ["a"]), step("two", ["a"], [{ step: "one", scope: "same-host" }])], noCluster);
  if (one === undefined || two === undefined) return t.fail("two pairs");
  const circle = [{ ...one, after: [{ scope: "same-host", pairs: [two] }] }, two] as const;
  const options = { setAside: new Set<string>(), decisive: new Set<string>(), run: async () => true, signal: new AbortController().signal };
  await t.throwsAsync(runGraph({ pairs: circle, ...options }), { message: "a/one waits for what never ends" });
});

test("a way with an edge to a later step is refused", (t) => {
  t.throws(() => assertWay([step("one", ["a"], [{ step: "two", scope: "same-host" }]), step("two", ["a"])]), {
    message: /does not stand before/,
  });
});

const hosts = ["a", "b", "c"];
const scopes = ["same-host", "every-host", "any-host"] as const;
const arbitraryWay = fc
  .array(
    fc.record({
      on: fc.subarray(hosts, { minLength: 1 }),
      after: fc.array(fc.record({ to: fc.nat(9), scope: fc.constantFrom(...scopes) }), { maxLength: 3 }),
      bulk: fc.boolean(),
    }),
    {
      minLength: 1,
      maxLength: 7,
    },
  )
  .map((drafts) =>
    drafts.map(({ on, after, bulk }, index) =>
      step(`s${index}`, on, index === 0 ? [] : after.map(({ to, scope }) => ({ step: `s${to % index}`, scope })), { bulk }),
    ),
  );

test("whatever the way, no pair starts before what it needs, and everything ends", async (t) => {
  await fc.assert(
    fc.asyncProperty(arbitraryWay, async (way) => {
      const { outcomes, log } = await run(way);
      const pairs = listPairs(way, noCluster);
      t.true(pairs.every((pair) => outcomes[pair.key] === "done"));
      for (const pair of pairs) assertOrder(pair, pairs, log);
    }),
    { numRuns: 60 },
  );
  t.pass();
});

function assertOrder(pair: Pair<unknown>, pairs: readonly Pair<unknown>[], log: readonly string[]): void {
  const started = log.indexOf(`+${pair.key}`);
  for (const edge of pair.step.after) {
    const before = pairs
      .filter(({ step: { id }, host }) => id === edge.step && (edge.scope !== "same-host" || host === pair.host))
      .map((other) => log.indexOf(`-${other.key}`));
    if (before.length === 0) continue;
    const held = edge.scope === "any-host" ? before.some((at) => at < started) : before.every((at) => at < started);
    if (!held) throw new Error(`${pair.key} started before ${edge.step} (${edge.scope})`);
  }
}
