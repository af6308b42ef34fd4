import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { assertSameInventory, assertSamePlan, markInventory, readPlan, savePlan } from "../../src/cli/saved-plan.ts";
import type { Plan, PlannedPair } from "../../src/engine/plan.ts";
import { KbootError } from "../../src/errors.ts";
import type { Cluster } from "../../src/inventory/cluster.ts";
import { temporaryFolder } from "../support/kind.ts";

const none: ReadonlyMap<string, Error> = new Map();

function pair(host: string, id: string, more: Partial<PlannedPair> & { to?: string; wish?: string; unsure?: boolean } = {}): PlannedPair {
  const { to = "0644", wish = "w", unsure = false, ...rest } = more;
  const difference = { what: "mode", from: "0600", to, ...(unsure ? { unsure } : {}) };
  return {
    host,
    step: "one",
    title: "One",
    changes: [{ id, wish, differences: [difference] }],
    action: undefined,
    decidedLater: false,
    ...rest,
  };
}

async function clusterWith(inventory: string, passwordFile?: string): Promise<Cluster> {
  const file = join(await temporaryFolder(), "kboot.yaml");
  await writeFile(file, inventory);
  return { file, network: passwordFile === undefined ? { plugin: "none" } : { plugin: "weave-net", passwordFile } } as Cluster;
}

/** What a plan went through a file as. */
async function saved(plan: Plan) {
  const path = join(await temporaryFolder(), "plan.json");
  const inventory = { file: "/kboot.yaml", salt: "s", digest: "d" };
  await savePlan(path, { made: new Date(0), inventory, selection: { limit: ["a"] }, plan, interruptions: [] });
  return { path, ...(await readPlan(path)) };
}

/** The lines of a refusal; none when the plan still holds. */
async function refusal(before: Plan, now: Plan, unreachable = none): Promise<readonly string[]> {
  const plan = await saved(before);
  try {
    assertSamePlan(plan, now, unreachable);
    return [];
  } catch (error) {
    if (!(error instanceof KbootError) || error.code !== "stale-plan" || error.hint === undefined) throw error;
    return error.message.split("\n  ").slice(1);
  }
}

test("a plan is saved for its user alone, and read again as it was", async (t) => {
  const plan = await saved([pair("a", "file:/x")]);
  t.is((await stat(plan.path)).mode & 0o777, 0o600);
  t.deepEqual(plan.selection, { limit: ["a"] });
  t.is(plan.made, "1970-01-01T00:00:00.000Z");
  t.deepEqual(plan.plan[0]?.changes, [{ id: "file:/x", wish: "w", differences: [{ what: "mode", from: "0600", to: "0644" }] }]);
});

test("what is no plan, or one of another version, is refused", async (t) => {
  const path = join(await temporaryFolder(), "plan.json");
  await t.throwsAsync(readPlan(path), { instanceOf: KbootError, message: /^cannot read the plan: / });
  for (const text of ["", "{}", '{"format":"kboot-plan","version":2}']) {
    await writeFile(path, text);
    const error = await t.throwsAsync(readPlan(path), { instanceOf: KbootError });
    t.like(error, { code: "usage", hint: "make one with kboot plan --save FILE" });
  }
});

test("a plan that is what would be done now holds, waits aside", async (t) => {
  const wait = { ...pair("a", "x", { step: "wait", action: "wait" }), changes: [] };
  t.deepEqual(await refusal([pair("a", "file:/x")], [pair("a", "file:/x"), wait]), []);
  t.deepEqual(await refusal([pair("a", "file:/x"), wait], [pair("a", "file:/x")]), []);
});

test("hosts that have changed since are named, with the first difference of each", async (t) => {
  const before = ["a", "b", "c", "d", "e"].map((host) => pair(host, "file:/x"));
  const now = [pair("b", "file:/x", { to: "0640" }), pair("c", "file:/x", { wish: "other" }), pair("d", "file:/x"), pair("d", "file:/y")];
  t.deepEqual(await refusal(before, now, new Map([["e", new Error("silence")]])), [
    "a: file:/x is planned, and is in order now",
    "b: file:/x is planned, and differs in another way now",
    "c: file:/x is planned, and differs in another way now",
    "d: file:/y is not planned, and differs now",
    "e: was not reached",
  ]);
});

test("what a plan leaves to be decided later may come out either way", async (t) => {
  t.deepEqual(await refusal([pair("cluster", "object:x", { decidedLater: true })], [pair("cluster", "object:y")]), []);
  t.deepEqual(await refusal([pair("a", "container-image:x", { unsure: true })], [pair("a", "container-image:x")]), []);
  t.deepEqual(await refusal([pair("a", "container-image:x", { unsure: true })], []), []);
});

test("an inventory counts as changed when it, or a password or audit policy that it names, has changed", async (t) => {
  const cluster = await clusterWith("one");
  const mark = await markInventory(cluster);
  await t.notThrowsAsync(assertSameInventory(cluster, mark));
  await writeFile(cluster.file, "two");
  const error = await t.throwsAsync(assertSameInventory(cluster, mark), { instanceOf: KbootError });
  t.like(error, { code: "stale-plan", exitCode: 9, where: { file: cluster.file } });

  const password = join(await temporaryFolder(), "password");
  await writeFile(password, "open sesame");
  const withPassword = await clusterWith("one", password);
  const before = await markInventory(withPassword);
  await writeFile(password, "close sesame");
  await t.throwsAsync(assertSameInventory(withPassword, before), { instanceOf: KbootError });

  const policyFile = join(await temporaryFolder(), "policy.yaml");
  await writeFile(policyFile, "rules: [{ level: Metadata }]");
  const withPolicy = { ...(await clusterWith("one")), audit: { policyFile } } as unknown as Cluster;
  const marked = await markInventory(withPolicy);
  await t.notThrowsAsync(assertSameInventory(withPolicy, marked));
  await writeFile(policyFile, "rules: [{ level: None }]");
  await t.throwsAsync(assertSameInventory(withPolicy, marked), { instanceOf: KbootError });
});
