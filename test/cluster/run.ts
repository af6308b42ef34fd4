import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { buildBundle } from "../components/build.ts";
import { keepSecrets, type Lab, lab, labUp, onHost } from "./support/lab.ts";
import { findLeaks } from "./support/record.ts";

const root = new URL("../../", import.meta.url).pathname;
const folder = new URL(".", import.meta.url).pathname;
/** Which tests; those of `npm run test:deep` have another. */
const config = process.env["KBOOT_TEST_CONFIG"] ?? "test/cluster/ava.config.mjs";
const set = process.env["KBOOT_LAB_SET"] ?? `ci${process.pid}`;

function say(message: string): void {
  process.stderr.write(`test:cluster: ${message}\n`);
}

/** Why test hosts cannot be made on this machine; undefined when they can. */
async function obstacle(): Promise<string | undefined> {
  if (process.platform !== "linux") return "test hosts are Linux containers, and this is not Linux";
  if (process.getuid?.() !== 0) return "making test hosts needs root";
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  if (/^ID=debian$/m.test(release) && /^VERSION_ID="12"$/m.test(release)) return undefined;
  const { exitCode } = await execa("sh", ["-c", "command -v lxc-start vagrant"], { reject: false });
  return exitCode === 0 ? undefined : "LXC and Vagrant are not here, and are installed on Debian 12 only";
}

/** The tests that need images which the builder does not make. */
const withImages = "weave-net.test.ts";

/** Titles of the tests of some files below `folder`, as they say them; of a file that makes its titles, the name alone. */
async function testTitles(isWanted: (name: string) => boolean = () => true): Promise<readonly string[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".test.ts") && isWanted(name)).sort();
  const titles = files.map(async (name) => {
    const text = await readFile(join(folder, name), "utf8");
    const found = [...text.matchAll(/^test\("(.+)",/gm)].map(([, title]) => `${name}: ${title}`);
    return found.length === 0 ? [name] : found;
  });
  return (await Promise.all(titles)).flat();
}

/** What the hosts say about themselves, on stderr. Hosts that are gone are passed over. */
async function printHosts(hosts: Lab): Promise<void> {
  const script = `
systemctl --no-pager --failed --plain --no-legend
for unit in containerd kubelet; do echo "-- $unit"; journalctl -u $unit -n 25 -o cat --no-pager; done
[ ! -e /etc/kubernetes/admin.conf ] || timeout 10 kubectl --kubeconfig=/etc/kubernetes/admin.conf get nodes,pods -A -o wide`;
  for (const { name } of hosts.hosts) {
    const text = await onHost(hosts, name, `(${script}\n) 2>&1 || true`).catch((error: Error) => error.message);
    process.stderr.write(`\n==== ${name} ====\n${text}\n`);
  }
}

async function runTests(signal: AbortSignal): Promise<number> {
  if (process.env["KBOOT_LAB_IMAGES"] === undefined) {
    say("left out, as KBOOT_LAB_IMAGES names no folder with archives of their images:");
    for (const title of await testTitles((name) => name === withImages)) say(`  ${title}`);
  }
  // all that kboot prints in the tests is kept here, and searched for secrets at the end
  const record = await mkdtemp(join(tmpdir(), "kboot-record-"));
  process.env["KBOOT_LAB_RECORD"] = record;
  say("building Kubernetes' components, or finding them built");
  for (const kubernetes of ["1.36.3", "1.37.2"]) await buildBundle({ kubernetes });
  signal.throwIfAborted();
  try {
    const exitCode = await runOnHosts(record, signal);
    const leaks = await findLeaks(record);
    for (const name of leaks) say(`a secret stands in ${join(record, name)}`);
    if (leaks.length > 0) return 1;
    await rm(record, { recursive: true });
    return exitCode;
  } catch (error) {
    say(`what kboot printed stays in ${record}`);
    throw error;
  }
}

/** Runs the tests on hosts made for them, whose secrets are noted in `record` before the hosts go. */
async function runOnHosts(record: string, signal: AbortSignal): Promise<number> {
  try {
    const hosts = await labUp(set, { controlPlanes: 1, workers: 3 });
    signal.throwIfAborted();
    const { exitCode = 1 } = await execa(
      process.execPath,
      [join(root, "node_modules/ava/entrypoints/cli.js"), "--config", config, ...process.argv.slice(2)],
      {
        cwd: root,
        env: { KBOOT_LAB_SET: set, KBOOT_LAB_RECORD: record },
        stdio: "inherit",
        reject: false,
        cancelSignal: signal,
      },
    );
    signal.throwIfAborted();
    if (exitCode !== 0) await printHosts(hosts);
    return exitCode;
  } finally {
    if (process.env["KBOOT_KEEP"] === "1") {
      await keepSecrets(set);
      say(`the hosts stay: npm run lab -- down --set ${set}`);
    } else {
      await lab("down", "--set", set);
    }
  }
}

const reason = await obstacle();
if (reason === undefined) {
  const interrupt = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      say(`${name}: taking the hosts down`);
      interrupt.abort();
    });
  }
  process.exitCode = await runTests(interrupt.signal).catch((error: unknown) => {
    if (!interrupt.signal.aborted) throw error;
    return 130;
  });
} else {
  say(`left out, as ${reason}:`);
  for (const title of await testTitles()) say(`  ${title}`);
  if (process.env["KBOOT_NO_CLUSTER"] !== "1") {
    say("set KBOOT_NO_CLUSTER=1 to accept that");
    process.exitCode = 1;
  }
}
