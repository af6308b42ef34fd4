import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import anyTest, { type TestFn } from "ava";
import { execa } from "execa";
import { identify } from "../../src/cli/operate.ts";
import { openHost } from "../../src/host/open-host.ts";
import { readInventory } from "../../src/inventory/read.ts";
import { networkPlugin } from "../../src/network/index.ts";
import { buildBundle } from "../components/build.ts";
import { extendBundle } from "../components/extend-bundle.ts";
import { installIptables } from "./support/iptables.ts";
import { kboot, type Lab, lab, labSet, labUp, onHost, readEvents, writeInventory } from "./support/lab.ts";
import { importTestImage, testPod, webPod } from "./support/pods.ts";

/** A folder with archives of Weave Net's images, which the builder of components does not make. */
const archives = process.env["KBOOT_LAB_IMAGES"];
const plain = anyTest as TestFn;
const test = archives === undefined ? plain.skip : plain;
const members = ["cp1", "worker1", "worker2"];

let hosts: Lab;
let built: Awaited<ReturnType<typeof buildBundle>>;
let folder: string;
let inventory: string;

plain.before(async () => {
  if (archives === undefined) return;
  built = await buildBundle();
  folder = await mkdtemp(join(tmpdir(), "kboot-weave-"));
  const bundle = join(folder, "bundle");
  await extendBundle(built.bundle, archives, bundle);
  hosts = await labUp(labSet(), { controlPlanes: 1, workers: 2 });
  await lab("bare", "--set", labSet());
  await Promise.all(members.map((name) => installIptables(hosts, name)));
  // the machine's kernel may lack what the published images ask for; whoever gives images knows
  const more = { network: { plugin: "weave-net" }, ignoreChecks: ["network-kernel"] };
  inventory = await writeInventory(hosts, { folder, bundle, hosts: members, more });
});
plain.after.always(async () => {
  if (archives !== undefined) await rm(folder, { recursive: true, force: true });
});

/** Runs kubectl as the operator would. */
async function kubectl(words: string, input = ""): Promise<string> {
  const { stdout } = await execa(built.kubectl, [`--kubeconfig=${join(folder, "kubeconfig")}`, ...words.split(" ")], { input });
  return stdout;
}

const inPod = (pod: string, command: string) => kubectl(`exec -n demo ${pod} -- ${command}`);

const addressOf = (pod: string) => kubectl(`get -n demo pod ${pod} -o jsonpath={.status.podIP}`);

/** Creates objects in the namespace of the test. */
function create(...items: readonly object[]): Promise<string> {
  return kubectl("apply -n demo -f -", JSON.stringify({ apiVersion: "v1", kind: "List", items }));
}

/** Whether the client gets an answer from the server, once policies have had time to be put in force. */
async function eventually(wanted: boolean): Promise<boolean> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const reached = await inPod("client", "wget -T 2 -q -O - http://web/").then(
      () => true,
      () => false,
    );
    if (reached === wanted) return true;
    await sleep(500);
  }
  return false;
}

/** Kills the first weaver that starts on a host, as a failed first start would end it. */
async function killFirstWeaver(host: string): Promise<void> {
  const script = `cat > /root/kill-weaver <<'end'
until grep -qx weaver /proc/[0-9]*/comm; do sleep 0.1; done 2>/dev/null
for folder in $(grep -lx weaver /proc/[0-9]*/comm 2>/dev/null); do folder=\${folder%/comm}; kill -9 "\${folder#/proc/}"; done
end
systemd-run --quiet sh /root/kill-weaver`;
  await onHost(hosts, host, script);
}

test("apply makes a cluster with Weave Net, though a fresh container of it fails once, and a second one finds nothing to do", async (t) => {
  await killFirstWeaver("worker2");
  const { exitCode, stdout, stderr } = await kboot("apply", "-f", inventory, "--output", "json");
  t.is(exitCode, 0, stderr);
  const events = readEvents(stdout);
  t.is(events.filter(({ type }) => type === "notice").length, 1);
  t.deepEqual(
    events.filter(({ type }) => type === "step-failed"),
    [],
  );
  const kubeconfig = await kboot("kubeconfig", "-f", inventory);
  await writeFile(join(folder, "kubeconfig"), kubeconfig.stdout, { mode: 0o600 });
  await kubectl(`wait --for=condition=Ready node ${members.join(" ")} --timeout=1s`);
  const restarts = await kubectl(
    "get pods -n kube-system -l name=weave-net --field-selector=spec.nodeName=worker2 -o jsonpath={.items[0].status.containerStatuses[?(@.name=='weave')].restartCount}",
  );
  // one more where kube-proxy is later than Weave Net on the new node
  t.true(Number(restarts) >= 1, restarts);
  const plan = await kboot("plan", "-f", inventory);
  t.regex(plan.stdout, /^no change$/m);
});

test("every node says that it is connected to both others, encrypted", async (t) => {
  const { signal } = new AbortController();
  const cluster = await readInventory(inventory);
  const opened = await Promise.all(cluster.hosts.map((host) => openHost(host, identify("status", "read"), { signal })));
  try {
    for (const host of opened)
      t.deepEqual(
        await networkPlugin(cluster)?.health(host, signal),
        { ok: true, summary: "2 of 2 peers by sleeve, encrypted", problems: [] },
        host.name,
      );
  } finally {
    await Promise.all(opened.map((host) => host.close()));
  }
});

test("pods of two nodes reach each other both ways without NAT, and Services by name", async (t) => {
  await Promise.all(["worker1", "worker2"].map((host) => importTestImage(hosts, host, built.bundle)));
  await kubectl("create namespace demo");
  await create(...webPod("web", "worker1"), ...webPod("other", "worker2"), testPod("client", "worker2", "exec sleep 3600"));
  await kubectl("wait -n demo --for=condition=Ready pod web other client --timeout=60s");
  const [web, other] = await Promise.all([addressOf("web"), addressOf("other")]);
  for (const address of [web, other]) t.regex(address, /^10\.244\.\d+\.\d+$/);
  for (const [from, to, server] of [
    ["web", other, "other"],
    ["other", web, "web"],
  ] as const) {
    await inPod(from, `ping -c 2 -W 5 ${to}`);
    t.is(await inPod(from, `wget -T 10 -q -O - http://${to}:8080/`), `hello from ${server}`);
    t.true((await kubectl(`logs -n demo ${server}`)).includes(`[::ffff:${await addressOf(from)}]:`), `${server} saw the pod's own address`);
  }
  t.is(await inPod("client", "wget -T 10 -q -O - http://web.demo.svc.cluster.local/"), "hello from web");
  t.regex(await inPod("client", "nslookup kubernetes.default.svc.cluster.local"), /Address:\s+10\.96\.0\.1\b/);
  const size = await inPod("client", `ping -c 2 -W 5 -s 60000 ${web}`);
  t.true(size.includes(" 0% packet loss"), size);
});

test("a NetworkPolicy denies, another allows, and without them all is open", async (t) => {
  const policy = (name: string, ingress: readonly object[]) => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name },
    spec: { podSelector: { matchLabels: { app: "web" } }, policyTypes: ["Ingress"], ingress },
  });
  t.true(await eventually(true), "open");
  await create(policy("deny", []));
  t.true(await eventually(false), "denied");
  await create(policy("allow", [{ from: [{ podSelector: { matchLabels: { app: "client" } } }] }]));
  t.true(await eventually(true), "allowed");
  await t.throwsAsync(inPod("other", "wget -T 2 -q -O - http://web/"), undefined, "others stay out");
  await kubectl("delete -n demo networkpolicy deny allow");
  t.true(await eventually(true), "open again");
});
