import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { execa } from "execa";
import { temporaryFolder } from "../support/kind.ts";
import { freePort, makeKey, startSshd } from "../support/sshd.ts";

const main = new URL("../../src/main.ts", import.meta.url).pathname;

/** Writes an inventory of hosts at addresses of this machine, reached by SSH on a port; returns its folder. */
async function writeInventory(port: number, ...addresses: readonly string[]): Promise<string> {
  const folder = await temporaryFolder();
  makeKey(folder, "key");
  const hosts = addresses.map(
    (address, index) => `    - { name: h${index}, address: ${address}, role: ${index === 0 ? "control-plane" : "worker"} }`,
  );
  const lines = [
    "apiVersion: kboot.dev/v1alpha1",
    "kind: Cluster",
    "metadata: { name: lab }",
    "spec:",
    "  kubernetesVersion: 1.36.3",
    "  network: { plugin: flannel }",
    "  ignoreChecks: [control-planes-reached]",
    "  sources: [upstream]",
    `  ssh: { user: nobody, port: ${port}, identityFiles: [./key] }`,
    "  hosts:",
    ...hosts,
    "",
  ];
  await writeFile(join(folder, "kboot.yaml"), lines.join("\n"));
  return folder;
}

/** Runs kboot where `kboot.yaml` is. */
function kboot(cwd: string, ...args: readonly string[]) {
  return execa(process.execPath, [main, ...args], { cwd, reject: false, stdin: "ignore" });
}

function readTypes(text: string): readonly string[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { type: string }).type);
}

test.serial("a single host that cannot be reached is told with its own code", async (t) => {
  const folder = await writeInventory(await freePort(), "127.0.0.1");
  const { exitCode, stderr, stdout } = await kboot(folder, "plan");
  t.is(exitCode, 69, stderr);
  t.regex(stderr, /^h0 \(127\.0\.0\.1\), connect: nothing listens on port \d+\nhint: /);
  t.regex(stdout, /set aside: h0 \(127\.0\.0\.1\), connect: /);
  t.false((await readdir(folder)).includes(".kboot"), "a plan leaves nothing behind");
});

test.serial("status tells an unreached control plane by its code, in a document too", async (t) => {
  const folder = await writeInventory(await freePort(), "127.0.0.1", "127.0.0.2");
  const { exitCode, stdout, stderr } = await kboot(folder, "status");
  t.is(exitCode, 69, stderr);
  t.regex(stdout, /\nNODE {2}unknown: no API server is ready\n|^NODE {2}unknown/);
  t.regex(stdout, /cluster lab: 2 things not well:\n {2}h0: not reached: nothing listens on port \d+\n {2}h1: not reached: /);
  const json = await kboot(folder, "status", "--output", "json");
  t.is(json.exitCode, 69);
  const { ok, problems, hosts } = JSON.parse(json.stdout) as { ok: boolean; problems: string[]; hosts: { reached: boolean }[] };
  t.false(ok);
  t.is(problems.length, 2);
  t.deepEqual(
    hosts.map(({ reached }) => reached),
    [false, false],
  );
});

test.serial("several hosts that are set aside are named by one error, and the log tells it too, to the user alone", async (t) => {
  const folder = await writeInventory(await freePort(), "127.0.0.1", "127.0.0.2");
  const { exitCode, stderr } = await kboot(folder, "apply");
  t.is(exitCode, 1, stderr);
  t.regex(stderr, /^2 hosts were set aside\n {2}h\d \(127.+\n {4}hint: .+\n {4}more: kboot explain connection-refused\n {2}h\d \(127/);
  const logs = join(folder, ".kboot", "logs");
  const [name = ""] = await readdir(logs);
  const text = await readFile(join(logs, name), "utf8");
  t.is(readTypes(text)[0], "run-started");
  t.is(readTypes(text).at(-1), "error");
  t.regex(text, /"code":"incomplete"/);
  t.is((await stat(join(logs, name))).mode & 0o777, 0o600);
  t.is((await stat(logs)).mode & 0o777, 0o700);
});

test.serial("with --output json stdout holds nothing but events", async (t) => {
  const folder = await writeInventory(await freePort(), "127.0.0.1");
  const { exitCode, stdout } = await kboot(folder, "plan", "--output", "json");
  t.is(exitCode, 69);
  t.deepEqual(
    readTypes(stdout).filter((type) => type === "run-started" || type === "host-set-aside" || type === "error"),
    ["run-started", "host-set-aside", "error"],
  );
});

test.serial("apply tells once that Weave Net is not maintained, and plan does not", async (t) => {
  const folder = await writeInventory(await freePort(), "127.0.0.1");
  const file = join(folder, "kboot.yaml");
  await writeFile(file, (await readFile(file, "utf8")).replace("plugin: flannel", "plugin: weave-net"));
  const { stdout } = await kboot(folder, "apply");
  t.is(stdout.split("Weave Net is not maintained").length, 2, stdout);
  t.regex(stdout, /hint: .*flannel.*Calico or Cilium/);
  t.false((await kboot(folder, "plan")).stdout.includes("notice"));
});

test.serial("where no log can be kept, nothing is begun", async (t) => {
  const folder = await writeInventory(await freePort(), "127.0.0.1");
  await writeFile(join(folder, ".kboot"), "a file");
  const { exitCode, stderr, stdout } = await kboot(folder, "apply");
  t.is(exitCode, 64);
  t.regex(stderr, /cannot keep a log of this run in .*\.kboot\/logs: [\s\S]+\nhint: /);
  t.is(stdout, "");
});

test.serial("a reader that has gone does not end a run", async (t) => {
  const folder = await writeInventory(await freePort(), "127.0.0.1");
  const child = kboot(folder, "apply");
  child.stdout.destroy();
  const { exitCode, stderr } = await child;
  t.is(exitCode, 69, stderr);
});

test.serial("a saved plan names inventory, steps and hosts itself", async (t) => {
  const folder = await writeInventory(await freePort(), "127.0.0.1");
  const { exitCode, stderr } = await kboot(folder, "apply", "plan.json", "--limit", "h0");
  t.is(exitCode, 64);
  t.regex(stderr, /^a saved plan names its inventory, steps and hosts itself\nhint: /);
  const missing = await kboot(folder, "apply", "plan.json");
  t.is(missing.exitCode, 64);
  t.regex(missing.stderr, /cannot read the plan: ENOENT/);
});

test.serial("a plan of hosts that were not reached is not saved", async (t) => {
  const folder = await writeInventory(await freePort(), "127.0.0.1");
  t.is((await kboot(folder, "plan", "--save", "plan.json")).exitCode, 69);
  t.false(existsSync(join(folder, "plan.json")));
});

test.serial("a plan is not applied once the inventory has changed, and no host is asked", async (t) => {
  const folder = await writeInventory(await freePort(), "127.0.0.1");
  const file = join(folder, "kboot.yaml");
  const inventory = { file, salt: "", digest: "" };
  const saved = { format: "kboot-plan", version: 1, made: new Date().toISOString(), inventory, selection: {}, plan: [] };
  await writeFile(join(folder, "plan.json"), JSON.stringify(saved));
  const { exitCode, stdout, stderr } = await kboot(folder, "apply", "plan.json");
  t.is(exitCode, 9, stderr);
  t.regex(stderr, /kboot\.yaml.* has changed since the plan was made; nothing was changed\nhint: /);
  t.is(stdout, "");
});

test.serial("drift tells a host that cannot be reached by its code, in its document too", async (t) => {
  const folder = await writeInventory(await freePort(), "127.0.0.1");
  const { exitCode, stdout, stderr } = await kboot(folder, "drift");
  t.is(exitCode, 69);
  t.is(stdout, "");
  t.regex(stderr, /^h0 \(127\.0\.0\.1\), connect: nothing listens on port/);
  const json = await kboot(folder, "drift", "--output", "json");
  t.is(json.exitCode, 69);
  const { cluster, differences, error } = JSON.parse(json.stdout) as { cluster: string; differences: []; error: { code: string } };
  t.deepEqual([cluster, differences, error.code], ["lab", [], "connection-refused"]);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test.serial(`${signal} stops a run that waits for a host, with exit code 130`, async (t) => {
    const mute = createServer(() => {}).listen(0, "127.0.0.1");
    t.teardown(() => mute.close());
    await once(mute, "listening");
    const folder = await writeInventory((mute.address() as AddressInfo).port, "127.0.0.1");
    const child = kboot(folder, "plan");
    mute.on("connection", (socket) => {
      t.teardown(() => socket.destroy());
      child.kill(signal);
    });
    const { exitCode, stderr } = await child;
    t.is(exitCode, 130, stderr);
    t.regex(stderr, /^\nstopping: nothing new starts.*\nstopped\nhint: the next run goes on from here$/);
  });
}

/** Starts a plan whose connection hangs from the moment on at which the shell is asked for; resolves when it does. */
async function planOverHangingConnection(t: ExecutionContext) {
  const frozen = join(await temporaryFolder(), "frozen");
  const sshd = await startSshd([`ForceCommand echo $PPID > ${frozen}.new; mv ${frozen}.new ${frozen}; kill -STOP $PPID; sleep 60`]);
  t.teardown(async () => {
    process.kill(Number(await readFile(frozen, "utf8")), "SIGKILL");
    await sshd.stop();
  });
  const folder = await writeInventory(sshd.port, "127.0.0.1");
  const file = join(folder, "kboot.yaml");
  const { user, identityFiles, knownHostsFile } = sshd.host().ssh;
  const ssh = JSON.stringify({ user, port: sshd.port, identityFiles, knownHostsFile });
  await writeFile(file, (await readFile(file, "utf8")).replace(/^ {2}ssh: .*$/m, `  ssh: ${ssh}`));
  const child = kboot(folder, "plan");
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await waitFor(() => existsSync(frozen));
  child.kill("SIGINT");
  await waitFor(() => said.includes("Once more leaves at once."));
  return { child };
}

async function waitFor(isThere: () => boolean): Promise<void> {
  while (!isThere()) await sleep(20);
}

test.serial("SIGINT ends a run whose connection hangs", async (t) => {
  const { child } = await planOverHangingConnection(t);
  const { exitCode, stderr } = await child;
  t.is(exitCode, 130);
  t.regex(stderr, /\nstopped\nhint: the next run goes on from here$/);
});

test.serial("a second SIGINT does not wait for that", async (t) => {
  const { child } = await planOverHangingConnection(t);
  child.kill("SIGINT");
  const { exitCode, stderr } = await child;
  t.is(exitCode, 130);
  t.regex(stderr, /^\nstopping: .*$/);
});
