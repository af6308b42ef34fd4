import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { buildBundle } from "../components/build.ts";
import { randomNumbers, runAndKill } from "./support/kill-run.ts";
import { kboot, type Lab, lab, labSet, labUp, onHost, type RunEvent, writeInventory } from "./support/lab.ts";
import { compareLooks, snapshot } from "./support/snapshot.ts";

const members = ["cp1", "worker1"];
/** How many runs of a whole reset are killed. */
const kills = Number(process.env["KBOOT_TEST_KILLS"] ?? 2);
const maxDelayMs = 1500;
const seed = Number(process.env["KBOOT_TEST_SEED"] ?? Date.now() % 1e6);
const set = labSet();

let hosts: Lab;
let folder: string;
let inventory: string;
/** What each host was before kboot. */
const bare: Record<string, readonly string[]> = {};

test.before(async () => {
  const { bundle } = await buildBundle();
  hosts = await labUp(set, { controlPlanes: 1, workers: 3 });
  await lab("bare", "--set", set);
  folder = await mkdtemp(join(tmpdir(), "kboot-cluster-"));
  inventory = await writeInventory(hosts, { folder, bundle, hosts: members });
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

/** What a user has put where kboot works, and what was there already when kboot came. */
const own = `
mkdir -p /etc/kubernetes /etc/containerd /etc/sysctl.d
echo mine > /etc/kubernetes/mine.yaml
echo 'version = 2' > /etc/containerd/config.toml
chmod 0640 /etc/containerd/config.toml`;

const changesOf = async (host: string) => compareLooks(bare[host] ?? [], await snapshot(hosts, host));

const kubectl = (words: string) =>
  onHost(hosts, "cp1", `kubectl --cache-dir=/tmp/kubectl --kubeconfig=/etc/kubernetes/admin.conf ${words}`);

/** Brings the cluster up, and leaves in it a file of the user's that came after kboot. */
async function applyAll(t: ExecutionContext): Promise<void> {
  const applied = await kboot("apply", "-f", inventory);
  t.is(applied.exitCode, 0, applied.stdout + applied.stderr);
  await onHost(hosts, "cp1", "echo later > /etc/kubernetes/later.yaml");
}

test("a worker leaves the cluster and is what it was before kboot; a whole reset that is killed again and again is ended by the next", async (t) => {
  t.timeout(600_000 + kills * 60_000);
  for (const host of members) {
    await onHost(hosts, host, own);
    bare[host] = await snapshot(hosts, host);
  }
  await applyAll(t);
  await stopWhileDraining(t);
  const planned = await kboot("reset", "-f", inventory, "--limit", "worker1", "--dry-run");
  t.regex(planned.stdout, /binary:\/usr\/local\/bin\/kubelet/);
  t.regex(planned.stdout, /move its pods to other nodes/);
  const one = await kboot("reset", "-f", inventory, "--limit", "worker1", "--yes");
  t.is(one.exitCode, 0, one.stdout + one.stderr);
  t.log(one.stdout);
  t.deepEqual(await changesOf("worker1"), []);
  t.false((await kubectl("get nodes -o name")).includes("worker1"));

  t.log(`KBOOT_TEST_SEED=${seed}`);
  const random = randomNumbers(seed);
  for (let left = kills; left > 0; ) {
    await applyAll(t);
    const killed = await killResets(t, random, Math.min(left, killsOfOne));
    t.not(killed, 0, "no reset could be killed");
    left -= killed;
    const whole = await kboot("reset", "-f", inventory, "--yes");
    t.is(whole.exitCode, 0, whole.stdout + whole.stderr);
    t.log(whole.stdout);
    t.is(await onHost(hosts, "cp1", "cat /etc/kubernetes/later.yaml; rm /etc/kubernetes/later.yaml"), "later");
    for (const host of members) t.deepEqual(await changesOf(host), [], host);
  }
  const nothing = await kboot("reset", "-f", inventory, "--yes");
  t.is(nothing.exitCode, 0, nothing.stderr);
  t.regex(nothing.stdout, /worker1: nothing of kboot's is here/);
  const again = await kboot("apply", "-f", inventory);
  t.is(again.exitCode, 0, again.stdout + again.stderr);
});

/** The steps of a reset, as they follow one another on a host. */
const steps = ["drain", "end-node", "delete-node", "take-away"];

/** Kills within one reset: each run goes on where the one before was killed, so that the later ones begin further on. */
const killsOfOne = Math.min(kills, 10);

/**
 * Kills whole resets, each later on its way than the one before, until `most` have been killed or one has ended before it could be. Returns how many
 * were killed.
 */
async function killResets(t: ExecutionContext, random: () => number, most: number): Promise<number> {
  for (let killed = 0; killed < most; killed++) {
    const rank = Math.min(steps.length - 1, Math.floor(((killed + random()) / killsOfOne) * steps.length));
    // soon at first: a script of a host goes on to its end when its run is killed, so that a late kill leaves little to kill
    const delayMs = Math.round(((killed + 1) / killsOfOne) * random() * maxDelayMs);
    const isMoment = ({ type, step }: RunEvent) => type === "step-started" && steps.indexOf(step ?? "") >= rank;
    const run = await runAndKill(["reset", "-f", inventory, "--yes"], isMoment, delayMs);
    if (run.signal !== "SIGKILL") {
      t.is(run.exitCode, 0, run.stderr);
      t.log(`ended before it could be killed in ${steps[rank]}`);
      return killed;
    }
    t.log(`killed ${delayMs} ms after ${steps[rank]} or a later step began, in: ${run.running.join(", ") || "no step"}`);
  }
  return most;
}

/** Stops a reset of worker1 while a pod may not leave it: the next apply lets pods onto it again. */
async function stopWhileDraining(t: ExecutionContext): Promise<void> {
  const isCordoned = () => kubectl("get node worker1 -o jsonpath={.spec.unschedulable}");
  const image = (await onHost(hosts, "worker1", "ctr -n k8s.io images ls -q | grep /pause: | head -n 1")).trim();
  const pod = { metadata: { name: "held", labels: { app: "held" } }, spec: { nodeName: "worker1", containers: [{ name: "held", image }] } };
  const budget = { metadata: { name: "held" }, spec: { minAvailable: 1, selector: { matchLabels: { app: "held" } } } };
  const objects = [
    { apiVersion: "v1", kind: "Pod", ...pod },
    { apiVersion: "policy/v1", kind: "PodDisruptionBudget", ...budget },
  ];
  await kubectl(`apply -f - <<'END'\n${JSON.stringify({ apiVersion: "v1", kind: "List", items: objects })}\nEND`);
  await kubectl("wait --for=condition=Ready pod/held --timeout=60s");
  const child = kboot("reset", "-f", inventory, "--limit", "worker1", "--yes");
  for (let tries = 0; (await isCordoned()) !== "true" && tries < 60; tries++) await sleep(500);
  child.kill("SIGINT");
  const { exitCode, stdout } = await child;
  t.not(exitCode, 0, stdout);
  t.is(await isCordoned(), "true");
  await kubectl("delete pdb/held pod/held --now");
  const { stdout: drifted } = await kboot("drift", "-f", inventory);
  t.is(drifted, "worker1 node:worker1 cordon by kboot reset -> none");
  const applied = await kboot("apply", "-f", inventory);
  t.is(applied.exitCode, 0, applied.stderr);
  t.is(await isCordoned(), "");
  await kubectl("cordon worker1");
  t.is((await kboot("drift", "-f", inventory)).stdout, "");
  await kubectl("uncordon worker1");
}
