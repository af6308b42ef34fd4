import test from "ava";
import type { EngineEvent } from "../../src/engine/events.ts";
import { KbootError } from "../../src/errors.ts";
import type { Script } from "../../src/host/host.ts";
import { type SimulatedRun, Simulation } from "../support/simulation.ts";

/** The work of a first apply and of one after it, on so many hosts. */
async function applyTwice(hosts: number) {
  const simulation = new Simulation({ hosts });
  const first = await simulation.run("apply");
  return { first, second: await simulation.run("apply") };
}

function isChange({ label }: Script): boolean {
  return label !== "read facts" && !label.startsWith("observe");
}

const finishedOn = (events: readonly EngineEvent[], isCounted: (host: string) => boolean) =>
  events.filter((event) => event.type === "step-finished" && isCounted(event.host)).length;

test("what is done for one host is the same among 3 hosts and among 500", async (t) => {
  t.timeout(240_000);
  const few = await applyTwice(3);
  const more = await applyTwice(4);
  const many = await applyTwice(500);
  for (const which of ["first", "second"] as const) {
    t.is(many[which].result.errors.size, 0, which);
    for (const host of ["host1000", "host1001"]) {
      const work = ({ work }: SimulatedRun) => work.get(host) ?? { scripts: 0, bytes: 0, computed: 0 };
      const [a, b] = [work(few[which]), work(many[which])];
      t.is(b.scripts, a.scripts, `${which}, ${host}: scripts`);
      t.is(b.computed, a.computed, `${which}, ${host}: how often its resources were computed`);
      // signatures differ by a byte or two
      t.true(Math.abs(b.bytes / a.bytes - 1) < 0.005, `${which}, ${host}: ${a.bytes} and ${b.bytes} bytes`);
    }
    const perWorker = more[which].handled - few[which].handled;
    t.true(perWorker > 0);
    t.is(many[which].handled, few[which].handled + 497 * perWorker, which);
  }
  t.deepEqual(many.second.result.plan, []);
  for (const [host, { scripts }] of many.second.work) t.is(scripts, 2, host);
});

test("a host that answers last holds up no other host", async (t) => {
  t.timeout(120_000);
  const slow = "host1007";
  const isOther = (host: string) => host !== slow && host.startsWith("host");
  const undisturbed = await new Simulation({ hosts: 100 }).run("apply");
  const expected = finishedOn(undisturbed.events, isOther);
  const [opened, read, changed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let reached = 0;
  let finished = 0;
  let opens = 0;
  const simulation = new Simulation({
    hosts: 100,
    // it waits in each place until all the others are through with it
    onOpen: async (host) => {
      if (host === slow) return opened.promise;
      opens++;
      if (opens === 99) opened.resolve();
    },
    onScript: async (host, script) => {
      if (host !== slow || script.label.startsWith("observe")) return;
      await (isChange(script) ? changed : read).promise;
    },
  });
  const { result } = await simulation.run("apply", (event) => {
    if (event.type === "host-reached" && ++reached === 99) read.resolve();
    if (event.type === "step-finished" && isOther(event.host) && ++finished === expected) changed.resolve();
  });
  t.is(result.errors.size, 0);
  t.true([...result.outcomes.values()].every((outcome) => outcome === "done"));
});

test("hosts that fail are set aside, and they alone", async (t) => {
  t.timeout(120_000);
  const unreachable = ["host1003", "host1009"];
  const lost = ["host1005", "host1011", "host1049"];
  const simulation = new Simulation({
    hosts: 50,
    onOpen: async (host) => {
      if (unreachable.includes(host)) throw new KbootError("unreachable", "nobody answers");
    },
    onScript: async (host, script) => {
      if (lost.includes(host) && isChange(script)) throw new KbootError("unreachable", "the connection was lost");
    },
  });
  const { result } = await simulation.run("apply");
  t.deepEqual([...result.errors.keys()].sort(), [...unreachable, ...lost].sort());
  for (const [pair, outcome] of result.outcomes) {
    const isFailed = result.errors.has(pair.split("/")[0] ?? "");
    t.is(outcome === "done", !isFailed, pair);
  }
});

test("no more than a bounded number of logins run at once", async (t) => {
  t.timeout(120_000);
  let now = 0;
  let most = 0;
  const simulation = new Simulation({
    hosts: 200,
    onOpen: async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
    },
  });
  await simulation.run("plan");
  t.is(most, 64);
});
