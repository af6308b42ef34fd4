import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { buildBundle } from "../components/build.ts";
import { randomNumbers, runAndKill } from "./support/kill-run.ts";
import { kboot, type Lab, lab, labSet, labUp, onHost, type RunEvent, readEvents, writeInventory } from "./support/lab.ts";
import { listFiles } from "./support/observe.ts";

const members = ["cp1", "worker1", "worker2"];
/** At least two. */
const kills = Number(process.env["KBOOT_TEST_KILLS"] ?? 6);
const maxDelayMs = 1500;
const set = labSet();
const seed = Number(process.env["KBOOT_TEST_SEED"] ?? Date.now() % 1e6);

let hosts: Lab;
let folder: string;
let inventory: string;

test.before(async () => {
  const { bundle } = await buildBundle();
  hosts = await labUp(set, { controlPlanes: 1, workers: 3 });
  folder = await mkdtemp(join(tmpdir(), "kboot-cluster-"));
  inventory = await writeInventory(hosts, { folder, bundle, hosts: members });
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

/** What can be seen of a run's work on a host. Keys and certificates are new each time, so of those only that they are there. */
async function readHost(host: string) {
  const folders = [
    "/etc",
    "/usr/local",
    "/opt",
    "/var/lib/kboot",
    "/var/lib/kubelet/*.*",
    "/var/lib/kubelet/.[!.]*",
    "/var/lib/kubelet/pki",
  ];
  const files = [...(await listFiles(hosts, host, folders))].map(([path, what]) => {
    const isOwn = /^\/etc\/kubernetes\/(pki|.*\.conf$)|^\/etc\/machine-id$|^\/var\/lib\/(kubelet\/pki|kboot)/.test(path);
    const seen = isOwn ? what.split(" ").slice(0, 2).join(" ") : what;
    return [path.replace(/\d{4}(-\d\d){5}/, "DATE"), seen] as const;
  });
  const units = await onHost(
    hosts,
    host,
    "systemctl is-enabled containerd kubelet; systemctl is-active containerd kubelet; systemctl --failed --plain --no-legend",
  );
  const images = await onHost(hosts, host, "ctr -n k8s.io images check | awk 'NR > 1 { print $1, $4 }' | sort");
  const state = JSON.parse(await onHost(hosts, host, "cat /var/lib/kboot/state.json")) as unknown;
  return { files: Object.fromEntries(files), units, images, state };
}

const kinds = "configmap,serviceaccount,role,rolebinding,clusterrole,clusterrolebinding,daemonset,deployment,service,node";

/** Hosts and objects. Secrets are left out: the token of a join that was killed runs out by itself. */
async function readCluster() {
  const command = `kubectl --kubeconfig=/etc/kubernetes/admin.conf get ${kinds} -A --no-headers -o custom-columns=K:.kind,S:.metadata.namespace,N:.metadata.name | sort`;
  const states = await Promise.all(members.map(async (host) => [host, await readHost(host)] as const));
  return { hosts: Object.fromEntries(states), objects: await onHost(hosts, "cp1", command) };
}

const applyAndKill = (isMoment: (event: RunEvent) => boolean, delayMs: number) => runAndKill(["apply", "-f", inventory], isMoment, delayMs);

test(`killed ${kills} times on its way and started again each time, apply ends in the same state as undisturbed`, async (t) => {
  t.timeout(300_000 + kills * 60_000);
  await lab("bare", "--set", set);
  const undisturbed = await kboot("apply", "-f", inventory, "--output", "json");
  t.is(undisturbed.exitCode, 0, undisturbed.stderr);
  const expected = await readCluster();
  for (const host of members) t.true("/usr/local/bin/kubelet" in (expected.hosts[host]?.files ?? {}), host);
  const pairs = readEvents(undisturbed.stdout)
    .filter(({ type }) => type === "step-started")
    .map(({ host, step }) => `${host} ${step}`);
  const ranks = new Map(pairs.map((pair, index) => [pair, index]));

  await lab("bare", "--set", set);
  const random = randomNumbers(seed);
  t.log(`KBOOT_TEST_SEED=${seed}`);
  // inside a script on a host for certain: part of what it reads has been sent, and part has not
  const inScript = await applyAndKill(({ type, sent, total }) => type === "step-bytes" && Number(sent) < Number(total), 0);
  t.is(inScript.signal, "SIGKILL", `exit code ${inScript.exitCode}: ${inScript.stderr}`);
  t.not(inScript.running.length, 0);
  t.log(`killed in the middle of a transfer, in: ${inScript.running.join(", ")}`);
  let fresh = 1;
  for (let kill = 1; kill < kills; ) {
    const rank = Math.floor(((kill + random()) / kills) * (pairs.length - 1));
    const delayMs = Math.round(random() * maxDelayMs);
    const isMoment = ({ type, host, step }: RunEvent) => type === "step-started" && (ranks.get(`${host} ${step}`) ?? 0) >= rank;
    const killed = await applyAndKill(isMoment, delayMs);
    if (killed.signal === "SIGKILL") {
      t.log(`killed ${delayMs} ms after "${pairs[rank]}" or a later step began, in: ${killed.running.join(", ")}`);
      kill++;
      continue;
    }
    // those before had left so little that it was through first: the rest of the kills is for bare hosts again
    t.is(killed.exitCode, 0, killed.stderr);
    t.deepEqual(await readCluster(), expected);
    t.true(++fresh <= kills, "bare hosts again and again, and no kill came in time");
    await lab("bare", "--set", set);
  }
  const last = await kboot("apply", "-f", inventory);
  t.is(last.exitCode, 0, last.stdout + last.stderr);
  t.deepEqual(await readCluster(), expected);
  const plan = await kboot("plan", "-f", inventory);
  t.regex(plan.stdout, /^no change$/m);
});
