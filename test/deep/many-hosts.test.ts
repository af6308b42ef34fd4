import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { kboot, type Lab, lab, labSet, labUp, readEvents, writeInventory } from "../cluster/support/lab.ts";
import { buildBundle } from "../components/build.ts";

const count = Number(process.env["KBOOT_TEST_HOSTS"] ?? 50);
const set = `${labSet()}many`;

let hosts: Lab;
let folder: string;
let inventory: string;

test.before(async () => {
  const { bundle } = await buildBundle();
  folder = await mkdtemp(join(tmpdir(), "kboot-deep-"));
  hosts = await labUp(set, { controlPlanes: 1, workers: count - 1 });
  inventory = await writeInventory(hosts, { folder, bundle });
});
test.after.always(async () => {
  await lab("down", "--set", set);
  await rm(folder, { recursive: true, force: true });
});

test(`${count} hosts are prepared, and a second run finds nothing to do in two round trips each`, async (t) => {
  t.timeout(1_800_000);
  const prepare = ["apply", "-f", inventory, "--only", "kernel", "endpoint-name", "--output", "json"];
  const names = hosts.hosts.map(({ name }) => name).sort();
  const first = await kboot(...prepare);
  t.is(first.exitCode, 0, first.stderr);
  const events = readEvents(first.stdout);
  const prepared = events.filter(({ type, step }) => type === "step-finished" && step === "kernel").map(({ host }) => host);
  t.deepEqual(prepared.sort(), names);
  const second = await kboot(...prepare);
  t.is(second.exitCode, 0, second.stderr);
  const again = readEvents(second.stdout);
  t.deepEqual(
    again.filter(({ type }) => type === "step-started"),
    [],
  );
  const trips = again.find(({ type }) => type === "run-finished")?.["trips"];
  t.deepEqual(trips, Object.fromEntries(names.map((name) => [name, 2])));
  const took = (run: typeof events) => `${run.find(({ type }) => type === "run-finished")?.["seconds"]} s`;
  t.log(`first ${took(events)}, second ${took(again)}`);
});
