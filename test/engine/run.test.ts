import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import type { Check, ClusterKind, HostKind, Step } from "../../src/engine/contracts.ts";
import { createEmit, type EngineEvent } from "../../src/engine/events.ts";
import { type RunOptions, runWay } from "../../src/engine/run.ts";
import { KbootError } from "../../src/errors.ts";
import type { Cluster, ClusterHost } from "../../src/inventory/cluster.ts";
import { file, fileKind } from "../../src/resources/file.ts";
import { openTestHost } from "../support/fake-host.ts";
import { noArtifacts, temporaryFolder } from "../support/kind.ts";

type Live = Record<string, never>;

const noClusterKind: ClusterKind = {
  kind: "object",
  id: () => "",
  observe: async () => new Map(),
  compare: () => [],
  change: async () => {},
};

interface Scene {
  readonly folder: string;
  readonly hosts?: readonly string[];
  readonly way: readonly Step<Live>[];
  readonly checks?: readonly Check<Live>[];
  readonly apply?: boolean;
  readonly unreachable?: readonly string[];
}

/** Runs a way over hosts that are shells of this machine; each keeps its state in a folder of the scene. */
async function run({ folder, hosts = ["one"], way, checks = [], apply = true, unreachable = [] }: Scene) {
  const events: EngineEvent[] = [];
  process.env["KBOOT_STATE_DIR"] = join(folder, "state");
  const options: RunOptions<Live> = {
    run: { id: "run", mode: apply ? "change" : "read", owner: "test" },
    cluster: {
      name: "test",
      ignoreChecks: [],
      hosts: hosts.map(
        (name) =>
          ({ name, address: name, role: name === "cp" ? "control-plane" : "worker", containerRuntime: { from: "sources" } }) as ClusterHost,
      ),
    } as unknown as Cluster,
    way,
    checks,
    kinds: new Map([["file", fileKind as unknown as HostKind]]),
    clusterKind: noClusterKind,
    sources: { probes: [], resolve: async () => noArtifacts },
    open: async ({ name }) => {
      if (unreachable.includes(name)) throw new KbootError("unreachable", "nobody answers");
      return openTestHost({ name, mode: apply ? "change" : "read" });
    },
    chooseNodeAddresses: () => new Map(),
    readLive: async () => undefined,
    select: () => true,
    apply,
    emit: createEmit([(event) => events.push(event)]),
    signal: new AbortController().signal,
  };
  return { result: await runWay(options), events };
}

function write(folder: string, id: string, text: string, more: Partial<Step<Live>> = {}): Step<Live> {
  return {
    id,
    title: `Write ${id}`,
    on: (cluster) => cluster.hosts.map((host) => host.name),
    after: [],
    resources: (_site, host) => [file(join(folder, host, id), text)],
    ...more,
  };
}

test.serial("a plan costs two round trips and writes nothing", async (t) => {
  const folder = await temporaryFolder();
  const { result } = await run({ folder, way: [write(folder, "a", "1"), write(folder, "b", "2")], apply: false });
  t.deepEqual(
    result.plan.map(({ step, changes }) => [step, changes.map(({ id }) => id)]),
    [
      ["a", [`file:${join(folder, "one", "a")}`]],
      ["b", [`file:${join(folder, "one", "b")}`]],
    ],
  );
  t.deepEqual(result.trips, { one: 2 });
  t.deepEqual(await readdir(folder), []);
});

test.serial("an apply costs one round trip more for each step that changes something, and a second apply just two", async (t) => {
  const folder = await temporaryFolder();
  const way = [write(folder, "a", "1"), write(folder, "b", "2")];
  const first = await run({ folder, way });
  t.deepEqual(first.result.trips, { one: 4 });
  t.is(await readFile(join(folder, "one", "b"), "utf8"), "2");
  const second = await run({ folder, way });
  t.deepEqual(second.result.trips, { one: 2 });
  t.deepEqual(second.result.plan, []);
  t.false(second.events.some(({ type }) => type === "step-started"));
});

test.serial("what is about to change is recorded on the host before the change, with what was there", async (t) => {
  const folder = await temporaryFolder();
  const broken = write(folder, "b", "2", { resources: () => [file("/proc/no/such", "2")] });
  await t.notThrowsAsync(run({ folder, way: [write(folder, "a", "1"), broken] }));
  const state = JSON.parse(await readFile(join(folder, "state", "state.json"), "utf8")) as { made: Record<string, unknown> };
  t.deepEqual(state.made, { [`file:${join(folder, "one", "a")}`]: { before: null }, "file:/proc/no/such": { before: null } });
});

test.serial("nothing is changed anywhere while a check of any host fails", async (t) => {
  const folder = await temporaryFolder();
  const checks: Check<Live>[] = [{ name: "mood", problems: () => [{ host: "two", message: "it is sad", hint: "cheer it up" }] }];
  const error = await t.throwsAsync(run({ folder, hosts: ["one", "two"], way: [write(folder, "a", "1")], checks }), {
    instanceOf: KbootError,
  });
  t.is((error as KbootError).code, "check");
  t.regex((error as KbootError).message, /two: it is sad \(mood\)\n\s+cheer it up/);
  t.deepEqual(await readdir(folder), []);
});

test.serial("when a check fails because a host was not reached, the error is the reason for that", async (t) => {
  const folder = await temporaryFolder();
  const checks: Check<Live>[] = [
    { name: "all", problems: ({ unreachable }) => [...unreachable.keys()].map((host) => ({ host, message: "needed", hint: "reach it" })) },
  ];
  const way = [write(folder, "a", "1")];
  const error = await t.throwsAsync(run({ folder, hosts: ["one", "two"], way, checks, unreachable: ["two"] }), { instanceOf: KbootError });
  t.is((error as KbootError).code, "unreachable");
  t.is((error as KbootError).where.host, "two");
  t.regex((error as KbootError).message, /two: needed \(all\)/);
});

test.serial("a host that fails a step is named with the reason, and the others are finished", async (t) => {
  const folder = await temporaryFolder();
  const fails = write(folder, "a", "1", {
    resources: (_site, host) => [file(host === "one" ? "/proc/no/such" : join(folder, host, "a"), "1")],
  });
  const later = write(folder, "b", "2", { after: [{ step: "a", scope: "same-host" }] });
  const { result } = await run({ folder, hosts: ["one", "two"], way: [fails, later] });
  const error = result.errors.get("one") as KbootError;
  t.is(error.code, "script");
  t.deepEqual(error.where, { host: "one", step: "a" });
  t.regex(error.message, /file:\/proc\/no\/such/);
  t.deepEqual(await readdir(join(folder, "two")), ["a", "b"]);
  t.is(result.outcomes.get("one/b"), "skipped");
});

test.serial("a host that cannot be reached is set aside and finished by a later run", async (t) => {
  const folder = await temporaryFolder();
  const way = [write(folder, "a", "1")];
  const first = await run({ folder, hosts: ["one", "two"], way, unreachable: ["two"] });
  t.deepEqual([...first.result.errors.keys()], ["two"]);
  t.deepEqual(await readdir(folder), ["one", "state"]);
  const second = await run({ folder, hosts: ["one", "two"], way });
  t.is(second.result.errors.size, 0);
  t.deepEqual(await readdir(join(folder, "two")), ["a"]);
});

test.serial("a change by hand is exactly what the next run mends", async (t) => {
  const folder = await temporaryFolder();
  const way = [write(folder, "a", "1"), write(folder, "b", "2")];
  await run({ folder, way });
  await writeFile(join(folder, "one", "b"), "by hand");
  const { result } = await run({ folder, way });
  t.deepEqual(
    result.plan.map(({ step }) => step),
    ["b"],
  );
  t.deepEqual(result.trips, { one: 3 });
});

test.serial("a step that an action needs again runs it once, and only when it is not done", async (t) => {
  const folder = await temporaryFolder();
  let done = false;
  let runs = 0;
  const act: Step<Live> = {
    id: "act",
    title: "Act",
    on: (cluster) => cluster.hosts.map((host) => host.name),
    after: [],
    action: {
      describe: "act",
      isDone: () => done,
      run: async () => {
        runs++;
        done = true;
      },
    },
  };
  await run({ folder, way: [act] });
  await run({ folder, way: [act] });
  t.is(runs, 1);
});
