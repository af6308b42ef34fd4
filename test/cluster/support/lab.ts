import { mkdir, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { execa } from "execa";
import { stringify } from "yaml";
import { recordingOf, recordLogs, recordSecrets } from "./record.ts";

const root = new URL("../../../", import.meta.url).pathname;

/** A set of test hosts, as `vagrant/lab` describes it. */
export interface Lab {
  readonly set: string;
  readonly user: string;
  readonly gateway: string;
  readonly identityFile: string;
  readonly knownHosts: string;
  readonly sshConfig: string;
  readonly hosts: readonly { readonly name: string; readonly address: string; readonly role: "control-plane" | "worker" }[];
}

/** Where caches and the state of test hosts live. */
export const cacheFolder = process.env["KBOOT_CACHE"] ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "kboot");

/** The set that the tests use. run.ts chooses it. */
export function labSet(): string {
  const set = process.env["KBOOT_LAB_SET"];
  if (set === undefined) throw new Error("start these tests with npm run test:cluster, or name a set of hosts in KBOOT_LAB_SET");
  return set;
}

/** Runs a command of the lab; what it says goes to stderr. */
export async function lab(...args: readonly string[]): Promise<string> {
  if (args[0] === "bare" || args[0] === "down") await keepSecrets(args[args.indexOf("--set") + 1] ?? "");
  const { stdout } = await execa(join(root, "vagrant", "lab"), args, { stdin: "ignore", stderr: "inherit" });
  return stdout;
}

/** Notes the secrets of a set's hosts for the search at the end; of hosts that are not there, none. */
export async function keepSecrets(set: string): Promise<void> {
  const text = await readFile(join(cacheFolder, "lab", "sets", set, "hosts.json"), "utf8").catch(() => undefined);
  if (text === undefined) return;
  const { sshConfig, hosts } = JSON.parse(text) as Lab;
  await recordSecrets(
    sshConfig,
    hosts.map(({ name }) => name),
  );
}

/** Makes the set's hosts, or finds them there, and starts them. */
export async function labUp(set: string, size: { readonly controlPlanes: number; readonly workers: number }): Promise<Lab> {
  await lab("up", "--set", set, "--control-planes", String(size.controlPlanes), "--workers", String(size.workers));
  return JSON.parse(await readFile(join(cacheFolder, "lab", "sets", set, "hosts.json"), "utf8")) as Lab;
}

/** What hosts that are containers need beside the defaults: the kernel is the machine's, and so are some of its limits. */
export const containerSettings = {
  kubelet: { failCgroupV1: false },
  kubeProxy: { mode: "nftables", conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" } },
  containerd: { plugins: { "io.containerd.cri.v1.runtime": { restrict_oom_score_adj: true } } },
};

/** Writes an inventory for a set's hosts (or some of them) and returns its path. `more` goes over `spec`, `moreOf` over single hosts. */
export async function writeInventory(
  set: Lab,
  options: {
    readonly folder: string;
    readonly bundle: string;
    readonly hosts?: readonly string[];
    readonly more?: Readonly<Record<string, unknown>>;
    readonly moreOf?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  },
): Promise<string> {
  const hosts = set.hosts.filter(({ name }) => options.hosts?.includes(name) ?? true);
  const inventory = {
    apiVersion: "kboot.dev/v1alpha1",
    kind: "Cluster",
    metadata: { name: set.set },
    spec: {
      kubernetesVersion: "1.36.3",
      network: { plugin: "flannel" },
      ssh: { user: set.user, identityFiles: [set.identityFile], knownHostsFile: set.knownHosts },
      ...containerSettings,
      sources: [{ bundle: options.bundle }],
      ...options.more,
      hosts: hosts.map(({ name, address, role }) => ({ name, address, role, ...options.moreOf?.[name] })),
    },
  };
  await mkdir(options.folder, { recursive: true });
  const file = join(options.folder, `${set.set}.yaml`);
  await writeFile(file, stringify(inventory));
  return file;
}

/** Runs kboot as a user would. Never throws; the caller looks at exitCode. */
export function kboot(...args: readonly string[]) {
  return kbootWith({}, ...args);
}

/** The same with more in its environment. */
export function kbootWith(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const kept = recordingOf(args);
  const child = execa(process.execPath, [join(root, "src", "main.ts"), ...args], {
    reject: false,
    stdin: "ignore",
    env,
    stdout: kept === undefined ? "pipe" : ["pipe", { file: kept.stdout }],
    stderr: kept === undefined ? "pipe" : ["pipe", { file: kept.stderr }],
  });
  void child.then(() => recordLogs(args));
  return child;
}

/** An event of a run, as `--output json` prints it. */
export type RunEvent = { readonly type: string; readonly host?: string; readonly step?: string } & Readonly<Record<string, unknown>>;

/** The events of a run, of what it printed. A last line that was cut off is left out. */
export function readEvents(stdout: string): readonly RunEvent[] {
  return stdout
    .split("\n")
    .slice(0, stdout.endsWith("}") ? undefined : -1)
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as RunEvent);
}

/** Runs a command on a host as root and returns its output. */
export async function onHost(set: Lab, host: string, script: string): Promise<string> {
  const { stdout } = await execa("ssh", ["-F", set.sshConfig, host, "sudo sh -s"], { input: script });
  return stdout;
}

/** Sends bytes to a command that runs on a host as root. */
export async function sendToHost(set: Lab, host: string, command: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  await execa("ssh", ["-F", set.sshConfig, host, `sudo ${command}`], { input: Readable.from(bytes, { objectMode: false }) });
}

/** Starts or stops the SSH server of a container, from outside. Connections that stand are cut when it stops. */
export async function switchSsh(set: Lab, host: string, to: "on" | "off"): Promise<void> {
  const prefix = set.set === "kboot" ? "kboot" : `kboot-${set.set}`;
  const words = to === "on" ? ["start", "ssh.service"] : ["stop", "ssh.socket", "ssh.service"];
  await execa("lxc-attach", ["-n", `${prefix}-${host}`, "--", "systemctl", ...words]);
}
