import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import test from "ava";
import { clusterChecks } from "../../src/checks/cluster.ts";
import type { HostKinds } from "../../src/engine/compose.ts";
import type { AnyResource, ChangeContext, Check, HostKind, Step } from "../../src/engine/contracts.ts";
import { createEmit, type EngineEvent } from "../../src/engine/events.ts";
import { type RunOptions, runWay } from "../../src/engine/run.ts";
import { madeOn } from "../../src/engine/state.ts";
import { KbootError } from "../../src/errors.ts";
import type { Cluster, ClusterHost } from "../../src/inventory/cluster.ts";
import { directory, directoryKind } from "../../src/resources/directory.ts";
import { file, fileKind } from "../../src/resources/file.ts";
import { gone, goneKind } from "../../src/resources/gone.ts";
import { openTestHost } from "../support/fake-host.ts";
import { noArtifacts, temporaryFolder } from "../support/kind.ts";
import { noClusterKind } from "../support/no-cluster-kind.ts";
import { runFragment } from "../support/run-fragment.ts";

type Live = Record<string, never>;

const files: HostKinds = new Map([fileKind, directoryKind].map((kind) => [kind.kind, kind as unknown as HostKind]));
const kinds = new Map<string, HostKind>([...files, ["gone", goneKind(files) as unknown as HostKind]]);

interface Scene {
  readonly folder: string;
  readonly hosts?: readonly string[];
  readonly way: readonly Step<Live>[];
  readonly checks?: readonly Check<Live>[];
  readonly apply?: boolean;
  readonly unreachable?: readonly string[];
  readonly approve?: RunOptions<Live>["approve"];
}

/** Runs a way over hosts that are shells of this machine; each keeps its state in a folder of the scene. */
async function run({ folder, hosts = ["one"], way, checks = [], apply = true, unreachable = [], approve = () => {} }: Scene) {
  const events: EngineEvent[] = [];
  process.env["KBOOT_STATE_DIR"] = join(folder, "state");
  const options: RunOptions<Live> = {
    run: { id: "run", mode: apply ? "change" : "read", owner: "test" },
    cluster: {
      name: "test",
      ignoreChecks: [],
      certificatesDir: "/etc/kubernetes/pki",
      hosts: hosts.map(
        (name) =>
          ({
            name,
            address: name,
            role: name === "cp" ? "control-plane" : "worker",
            containerRuntime: { from: "sources" },
            kubernetes: { from: "sources" },
          }) as ClusterHost,
      ),
    } as unknown as Cluster,
    way,
    checks,
    kinds,
    clusterKind: noClusterKind,
    sources: { probes: [], resolve: async () => noArtifacts },
    open: async ({ name }) => {
      if (unreachable.includes(name)) throw new KbootError("unreachable", "nobody answers");
      return openTestHost({ name, mode: apply ? "change" : "read" });
    },
    chooseNodeAddresses: () => new Map(),
    readLive: async () => undefined,
    select: () => true,
    decisive: hosts.filter((name) => name === "cp"),
    apply,
    approve,
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
  const path = join(folder, "one", "a");
  t.deepEqual(state.made, {
    [`file:${path}`]: { paths: [path], before: null },
    "file:/proc/no/such": { paths: ["/proc/no/such"], before: null },
  });
});

test.serial(
  "what was made is taken away again, down to folders: files of others are put back as they were, and those beside them stay",
  async (t) => {
    const folder = await temporaryFolder();
    const [made, others, mine] = [join(folder, "etc", "deep", "made"), join(folder, "others"), join(folder, "etc", "kept", "mine")];
    await writeFile(others, "theirs", { mode: 0o640 });
    const wishes: Step<Live> = {
      ...write(folder, "a", "1"),
      resources: () => [file(made, "1"), file(others, "2"), directory(dirname(mine)), file(`${dirname(mine)}/made`, "3")],
    };
    await run({ folder, way: [wishes] });
    // a second change is none of what was there before
    await run({ folder, way: [{ ...wishes, resources: () => [file(others, "4")] }] });
    t.is(await readFile(others, "utf8"), "4");
    await writeFile(mine, "mine");
    await writeFile(join(dirname(made), ".made.kboot-0"), "cut off");
    const text = await readFile(join(folder, "state", "state.json"), "utf8");
    const removal: Step<Live> = { ...wishes, resources: () => madeOn(text).toReversed().map(gone) };
    const { result } = await run({ folder, way: [removal] });
    t.deepEqual([...result.errors], []);
    t.deepEqual((await readdir(folder)).sort(), ["etc", "others"]);
    t.deepEqual(await readdir(folder, { recursive: true }).then((all) => all.sort()), ["etc", "etc/kept", "etc/kept/mine", "others"]);
    t.is(await readFile(others, "utf8"), "theirs");
    t.is((await stat(others)).mode & 0o777, 0o640);
  },
);

test.serial("a removal that was cut off before its end can run again", async (t) => {
  const folder = await temporaryFolder();
  const path = join(folder, "others");
  await writeFile(path, "theirs");
  const wishes: Step<Live> = { ...write(folder, "a", "1"), resources: () => [file(path, "2")] };
  await run({ folder, way: [wishes] });
  const text = await readFile(join(folder, "state", "state.json"), "utf8");
  const [thing] = madeOn(text);
  if (thing === undefined) throw new Error("nothing is on record");
  const { script } = await goneKind(files).change([{ resource: gone(thing), observed: undefined, differences: [] }], {} as ChangeContext);
  for (const _ of [1, 2]) {
    t.is((await runFragment({ script }, { stateFolder: join(folder, "state") })).exitCode, 0);
    t.is(await readFile(path, "utf8"), "theirs");
  }
});

test.serial("a plan that is not approved ends the run before anything is changed", async (t) => {
  const folder = await temporaryFolder();
  const seen: string[] = [];
  const error = new KbootError("stale-plan", "no");
  const approve: RunOptions<Live>["approve"] = (plan, unreachable) => {
    seen.push(...plan.map(({ host }) => host), ...unreachable.keys());
    throw error;
  };
  const way = [write(folder, "a", "1")];
  t.is(await t.throwsAsync(run({ folder, hosts: ["one", "two"], way, unreachable: ["two"], approve })), error);
  t.deepEqual(seen, ["one", "two"]);
  t.deepEqual(await readdir(folder), []);
});

test.serial("nothing is changed anywhere while a check of any host fails", async (t) => {
  const folder = await temporaryFolder();
  const checks: Check<Live>[] = [{ name: "mood", problems: () => [{ host: "two", message: "it is sad", hint: "cheer it up" }] }];
  const error = await t.throwsAsync(run({ folder, hosts: ["one", "two"], way: [write(folder, "a", "1")], checks }), {
    instanceOf: KbootError,
  });
  t.is((error as KbootError).code, "check");
  t.is((error as KbootError).message, "1 check failed, nothing was changed\n  two: it is sad (mood)");
  t.is((error as KbootError).hint, "cheer it up; or name mood under ignoreChecks in the inventory, if you know better");
  t.deepEqual((error as KbootError).where, { host: "two", step: "checks" });
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

test.serial("an obstacle of any host's things is found before anything is changed, and one that is ahead is told", async (t) => {
  const folder = await temporaryFolder();
  const given: HostKind = {
    kind: "given",
    id: () => "given",
    observe: () => ":",
    parse: () => undefined,
    compare: () => [{ what: "given" }],
    obstacles: (resource) => [{ message: "it is missing", hint: "bring it", ...(resource as unknown as { isAhead?: boolean }) }],
    change: async () => ({ script: ":" }),
  };
  kinds.set("given", given);
  t.teardown(() => kinds.delete("given"));
  const checks = clusterChecks.filter(({ name }) => name.startsWith("external-certificates")) as unknown as readonly Check<Live>[];
  const way = (isAhead: boolean) => [
    write(folder, "a", "1"),
    write(folder, "b", "2", { resources: () => [{ kind: "given", isAhead } as unknown as AnyResource] }),
  ];
  const error = await t.throwsAsync(run({ folder, way: way(false), checks }), { instanceOf: KbootError });
  t.is((error as KbootError).code, "external-certificate");
  t.regex(error?.message ?? "", /one: it is missing \(external-certificates\)/);
  t.deepEqual(await readdir(folder), []);
  const { events } = await run({ folder, way: way(true), checks });
  t.deepEqual(
    events.flatMap((event) => (event.type === "notice" ? [event.message] : [])),
    ["one: it is missing"],
  );
  t.is(await readFile(join(folder, "one", "a"), "utf8"), "1");
});
