import { createReadStream } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import test from "ava";
import { execa } from "execa";
import type { Status } from "../../src/cli/status/document.ts";
import type { Plan } from "../../src/engine/plan.ts";
import { contains } from "../../src/inventory/subnet.ts";
import { buildBundle } from "../components/build.ts";
import { type AptRepository, serveAptRepository } from "./support/apt-repository.ts";
import { endCloudInit, endUpdates, makeBusy } from "./support/busy-host.ts";
import {
  kboot,
  type Lab,
  lab,
  labSet,
  labUp,
  onHost,
  type RunEvent,
  readEvents,
  sendToHost,
  switchSsh,
  writeInventory,
} from "./support/lab.ts";
import { listFiles, listProcesses } from "./support/observe.ts";
import { importTestImage, stayingPods, testPod, webPod } from "./support/pods.ts";

const members = ["cp1", "worker1", "worker2"];
const podNetwork = /^10\.244\.\d+\.\d+$/;
const set = labSet();
const fromPackage = { containerRuntime: { from: "package" } };

let hosts: Lab;
let built: Awaited<ReturnType<typeof buildBundle>>;
let folder: string;
let inventory: string;
let repository: AptRepository;
/** What the first plan announced, as `host step`; and of that, what it did not leave to be decided once the cluster answers. */
let announced: readonly string[];
let promised: readonly string[];
/** What the runs did, as `host step`. */
const done = new Set<string>();

test.before(async () => {
  built = await buildBundle();
  hosts = await labUp(set, { controlPlanes: 1, workers: 3 });
  await lab("bare", "--set", set);
  folder = await mkdtemp(join(tmpdir(), "kboot-cluster-"));
  inventory = await writeInventory(hosts, { folder, bundle: built.bundle, hosts: members, moreOf: { worker2: fromPackage } });
  repository = await serveAptRepository(hosts.gateway, built.bundle);
});
test.after.always(() => Promise.all([rm(folder, { recursive: true, force: true }), repository?.close()]));

async function apply(...options: readonly string[]) {
  const result = await kboot("apply", "-f", inventory, "--output", "json", ...options);
  const events = readEvents(result.stdout);
  for (const { type, host, step } of events) if (type === "step-started") done.add(`${host} ${step}`);
  return { ...result, events };
}

function ofType(events: readonly RunEvent[], type: string): readonly RunEvent[] {
  return events.filter((event) => event.type === type);
}

/** Runs kubectl as the operator would: from here, with the kubeconfig that kboot prints. */
async function kubectl(words: string, input = ""): Promise<string> {
  const { stdout } = await execa(built.kubectl, [`--kubeconfig=${join(folder, "kubeconfig")}`, ...words.split(" ")], { input });
  return stdout;
}

async function onMembers<T>(look: (host: string) => Promise<T>): Promise<readonly T[]> {
  return Promise.all(members.map(look));
}

const everything = ["/etc", "/usr/local", "/opt", "/var/lib", "/run/kboot"];

test("a plan on bare hosts tells all that would be done, and writes nothing", async (t) => {
  const before = await onMembers((host) => listFiles(hosts, host, everything));
  const plain = await kboot("plan", "-f", inventory);
  t.is(plain.exitCode, 0, plain.stderr);
  for (const text of [...members, "Import images", "/etc/containerd/config.toml", "Join the cluster"])
    t.true(plain.stdout.includes(text), text);
  const { exitCode, stdout } = await kboot("plan", "-f", inventory, "--output", "json");
  t.is(exitCode, 0);
  const plan = ofType(readEvents(stdout), "planned").flatMap((event) => event["plan"] as Plan);
  announced = plan.map(({ host, step }) => `${host} ${step}`);
  promised = plan.filter(({ decidedLater }) => !decidedLater).map(({ host, step }) => `${host} ${step}`);
  t.true(promised.length > 20);
  const after = await onMembers((host) => listFiles(hosts, host, everything));
  for (const [index, host] of members.entries()) {
    t.true((before[index]?.size ?? 0) > 500, host);
    t.deepEqual(after[index], before[index], host);
  }
});

test("an unreachable worker is named with the reason, the others are finished", async (t) => {
  await switchSsh(hosts, "worker2", "off");
  const { exitCode, stderr, events } = await apply();
  t.is(exitCode, 69);
  t.regex(stderr, /worker2 .*nothing listens on port 22/);
  await saveKubeconfig();
  t.is(await kubectl("get nodes -o jsonpath={.items[*].metadata.name}"), "cp1 worker1");
  await kubectl("wait --for=condition=Ready node --all --timeout=1s");
  t.deepEqual(ofType(events, "step-failed"), []);
});

test("cloud-init and updates on a worker are waited for; Ctrl-C in the middle of its join ends at once and leaves the rest for the next run", async (t) => {
  await switchSsh(hosts, "worker2", "on");
  await onHost(hosts, "worker2", `echo '${repository.line}' > /etc/apt/sources.list`);
  await makeBusy(hosts, "worker2");
  // the certificate cannot come until the way back to the API server is there again
  const [controlPlane] = hosts.hosts;
  await onHost(hosts, "worker2", `ip route add blackhole ${controlPlane?.address}`);
  const child = kboot("apply", "-f", inventory, "--output", "json");
  const waits = new Set<string>();
  let interruptedAt = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [event] = readEvents(`${line}\n`);
    if (event?.type === "step-started") done.add(`${event.host} ${event.step}`);
    if (event?.type !== "step-progress") continue;
    const text = String(event["text"]).replaceAll(/\d+/g, "N");
    if (event.step === "kernel" || event.step === "containerd") {
      waits.add(`${event.host} ${text}`);
      await (event.step === "kernel" ? endCloudInit : endUpdates)(hosts, "worker2");
    }
    if (event.step !== "join") continue;
    interruptedAt = Date.now();
    child.kill("SIGINT");
  }
  const { exitCode, stderr } = await child;
  t.is(exitCode, 130, stderr);
  t.regex(stderr, /stopped; unfinished are\n(.*\n)* {2}worker2: (.*, )?join, .*\n/);
  t.true(Date.now() - interruptedAt < 10_000);
  t.deepEqual(
    [...waits],
    [
      "worker2 waiting for cloud-init to end: cloud-final.service sh (pid N, running for N s)",
      "worker2 waiting for the lock of apt: unattended-upgr (pid N, running for N s)",
    ],
  );
  const installed = await onHost(hosts, "worker2", "command -v containerd; dpkg -s containerd | grep ^Status");
  t.is(installed, "/usr/bin/containerd\nStatus: install ok installed");
  await onHost(hosts, "worker2", `ip route del blackhole ${controlPlane?.address}`);
});

test("a later apply brings in the worker, and what was done is what the plan announced", async (t) => {
  const { exitCode, stderr } = await apply();
  t.is(exitCode, 0, stderr);
  await kubectl(`wait --for=condition=Ready node ${members.join(" ")} --timeout=1s`);
  t.deepEqual(
    [...done].filter((pair) => !announced.includes(pair)),
    [],
  );
  t.deepEqual(
    promised.filter((pair) => !done.has(pair)),
    [],
  );
});

test("with nothing to do, plan says so, and apply takes two round trips a host and restarts nothing", async (t) => {
  const before = await onMembers((host) => listProcesses(hosts, host));
  const plan = await kboot("plan", "-f", inventory);
  t.is(plan.exitCode, 0, plan.stderr);
  t.regex(plan.stdout, /^no change$/m);
  const { exitCode, events } = await apply();
  t.is(exitCode, 0);
  t.deepEqual(ofType(events, "step-started"), []);
  t.deepEqual(ofType(events, "run-finished")[0]?.["trips"], { cp1: 2, worker1: 2, worker2: 2 });
  const programs = (before[0] ?? []).map((line) => line.split(" ")[0]);
  for (const program of [
    "kubelet",
    "containerd",
    "etcd",
    "kube-apiserver",
    "kube-controller",
    "kube-scheduler",
    "kube-proxy",
    "flanneld",
  ]) {
    t.true(programs.includes(program), program);
  }
  t.deepEqual(await onMembers((host) => listProcesses(hosts, host)), before);
});

test("what was broken by hand is what the plan shows and the apply mends, and nothing else is restarted", async (t) => {
  const before = await listProcesses(hosts, "cp1");
  await onHost(
    hosts,
    "cp1",
    "chmod 644 /etc/kubernetes/manifests/kube-scheduler.yaml && chmod 600 /etc/containerd/config.toml && sysctl -qw net.ipv4.ip_forward=0",
  );
  // a pod that made the node's bridge, which has to follow the node's next pod CIDR
  await importTestImage(hosts, "worker2", built.bundle);
  await kubectl("create -f -", JSON.stringify(stayingPods("worker2")));
  await kubectl("rollout status daemonset/stay --timeout=60s");
  await onHost(hosts, "worker1", "systemctl stop containerd");
  await kubectl("delete node worker2 --wait=false");
  const { stdout } = await kboot("plan", "-f", inventory, "--output", "json");
  const plan = ofType(readEvents(stdout), "planned").flatMap((event) => event["plan"] as Plan);
  const changes = plan.flatMap(({ host, changes: of }) =>
    of.map(({ id, differences }) => `${host} ${id} ${differences.map(({ what }) => what)}`),
  );
  t.deepEqual(changes.filter((change) => !change.includes("container-image:")).sort(), [
    "cp1 file:/etc/containerd/config.toml mode",
    "cp1 static-pod:kube-scheduler mode",
    "cp1 sysctl:net.ipv4.ip_forward value",
    "worker1 containerd-plugin:cri plugin",
    "worker1 systemd-unit:containerd.service running",
    "worker2 node:worker2 labels and taints",
    "worker2 node:worker2 node",
  ]);
  t.true(plan.some(({ host, action }) => host === "worker2" && action?.startsWith("restart the kubelet")));
  const { exitCode, stderr, events } = await apply();
  t.is(exitCode, 0, stderr);
  t.false(
    ofType(events, "step-started").some(({ step }) => step === "images" || step === "addon-images"),
    "no image was sent again",
  );
  await kubectl("wait --for=condition=Ready node worker2 --timeout=1s");
  await kubectl("rollout status daemonset/stay --timeout=60s");
  const [cidr, address] = await Promise.all([
    kubectl("get node worker2 -o jsonpath={.spec.podCIDR}"),
    kubectl("get pods -l app=stay -o jsonpath={.items[0].status.podIP}"),
  ]);
  t.true(contains(cidr, address), `${address} in ${cidr}`);
  await kubectl("delete daemonset stay");
  t.deepEqual(await listProcesses(hosts, "cp1"), before);
  t.regex((await kboot("plan", "-f", inventory)).stdout, /^no change$/m);
});

test("pods reach each other by address without NAT and Services by name; logs and exec work", async (t) => {
  await Promise.all(["worker1", "worker2"].map((host) => importTestImage(hosts, host, built.bundle)));
  await kubectl("create namespace demo");
  const items = [...webPod("web", "worker1"), testPod("client", "worker2", "exec sleep 3600")];
  await kubectl("create -n demo -f -", JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  await kubectl("wait -n demo --for=condition=Ready pod web client --timeout=60s");
  const address = (pod: string) => kubectl(`get -n demo pod ${pod} -o jsonpath={.status.podIP}`);
  const [web, client] = await Promise.all([address("web"), address("client")]);
  t.regex(web, podNetwork);
  t.regex(client, podNetwork);
  const [name, , status, , , shown, node] = (await kubectl("get pod client -n demo -o wide --no-headers")).split(/ +/);
  t.deepEqual([name, status, shown, node], ["client", "Running", client, "worker2"]);

  const inClient = (command: string) => kubectl(`exec -n demo client -- ${command}`);
  await inClient(`ping -c 2 -W 5 ${web}`);
  t.is(await inClient(`wget -T 10 -q -O - http://${web}:8080/`), "hello from web");
  t.true((await kubectl("logs -n demo web")).includes(`[::ffff:${client}]:`), "the server saw the pod's own address");
  t.is(await inClient("wget -T 10 -q -O - http://web/"), "hello from web");
  t.is(await inClient("wget -T 10 -q -O - http://web.demo.svc.cluster.local/"), "hello from web");
  t.regex(await inClient("nslookup kubernetes.default.svc.cluster.local"), /Address:\s+10\.96\.0\.1\b/);
});

test("status says that all is well, and kubectl takes the credential that is merged into a kubeconfig", async (t) => {
  const { exitCode, stdout, stderr } = await kboot("status", "-f", inventory, "--output", "json");
  t.is(exitCode, 0, `${stdout}${stderr}`);
  const status = JSON.parse(stdout) as Status;
  t.deepEqual(status.problems, []);
  t.deepEqual(
    status.nodes.items.map(({ name, ready }) => `${name} ${ready}`),
    members.map((name) => `${name} true`),
  );
  t.true((status.etcd[0]?.databaseBytes ?? 0) > 100_000);
  t.deepEqual([...new Set(status.controlPlane.map(({ state }) => state))], ["ready"]);
  t.deepEqual([...new Set(status.certificates.map(({ host }) => host))].toSorted(), members);
  t.deepEqual(
    status.versions.filter(({ wished, running }) => wished !== running),
    [],
  );

  const own = join(folder, "own-kubeconfig");
  const config = (words: string) => execa(built.kubectl, [`--kubeconfig=${own}`, ...words.split(" ")]);
  await config("config set-cluster other --server=https://192.0.2.1:6443");
  await config("config set-context other --cluster=other");
  await config("config use-context other");
  const before = await readFile(own, "utf8");
  const merged = await kboot("kubeconfig", "-f", inventory, "--merge", "--kubeconfig-file", own);
  t.is(merged.exitCode, 0, merged.stderr);
  const after = await readFile(own, "utf8");
  for (const line of before.split("\n")) if (line !== "users: null") t.true(after.split("\n").includes(line), line);
  t.is((await config("config current-context")).stdout, "other");
  t.is((await config("config get-contexts -o name")).stdout, `${set}\nother`);
  t.is((await config(`--context ${set} get nodes -o jsonpath={.items[*].metadata.name}`)).stdout, members.join(" "));
});

test("kubeadm reads every certificate of the control plane, and makes and lists tokens", async (t) => {
  await sendToHost(hosts, "cp1", "sh -c 'cat > /root/kubeadm && chmod +x /root/kubeadm'", createReadStream(built.kubeadm));
  const certificates = await onHost(hosts, "cp1", "/root/kubeadm certs check-expiration 2> /dev/null");
  const valid = [...certificates.matchAll(/^(\S+) +\w{3} \d+, \d{4} /gm)].map(([, name]) => name);
  t.deepEqual(valid, [
    "admin.conf",
    "apiserver",
    "apiserver-etcd-client",
    "apiserver-kubelet-client",
    "controller-manager.conf",
    "etcd-healthcheck-client",
    "etcd-peer",
    "etcd-server",
    "front-proxy-client",
    "scheduler.conf",
    "super-admin.conf",
    "ca",
    "etcd-ca",
    "front-proxy-ca",
  ]);
  const token = await onHost(hosts, "cp1", "/root/kubeadm token create --ttl 5m");
  const list = await onHost(hosts, "cp1", "/root/kubeadm token list");
  t.true(list.includes(token));
  t.is((await kboot("token", "list", "-f", inventory)).stdout, list);
});

test("kubeadm joins a node by the line that kboot prints, and the next plan finds nothing to do", async (t) => {
  const wider = await writeInventory(hosts, { folder: join(folder, "wider"), bundle: built.bundle });
  // the line itself names the endpoint
  const steps = ["kernel", "containerd", "images", "addon-images", "kubernetes", "kubelet-config"];
  const prepared = await kboot("apply", "-f", wider, "--limit", "worker3", "--only", ...steps);
  t.is(prepared.exitCode, 0, prepared.stderr);
  const { stdout: command } = await kboot("token", "create", "--ttl", "5m", "--print-join-command", "--for", "kubeadm", "-f", inventory);
  await sendToHost(hosts, "worker3", "sh -c 'cat > /root/kubeadm && chmod +x /root/kubeadm'", createReadStream(built.kubeadm));
  // the containers' cgroups are version 1, which kubeadm refuses
  const joined = await onHost(hosts, "worker3", `PATH=/root:$PATH; ${command} --ignore-preflight-errors=SystemVerification 2>&1`);
  t.true(joined.includes("This node has joined the cluster"), joined);
  await kubectl("wait --for=create node worker3 --timeout=30s");
  await kubectl("wait --for=condition=Ready node worker3 --timeout=90s");
  // a plan says so while a node's pods are still on their way
  await kubectl("rollout status -n kube-flannel daemonset/kube-flannel-ds --timeout=90s");
  await kubectl("rollout status -n kube-system daemonset/kube-proxy --timeout=90s");
  const plan = await kboot("plan", "-f", inventory);
  t.regex(plan.stdout, /^no change$/m);
});

async function saveKubeconfig(): Promise<void> {
  const { stdout } = await kboot("kubeconfig", "-f", inventory);
  await writeFile(join(folder, "kubeconfig"), stdout, { mode: 0o600 });
}
