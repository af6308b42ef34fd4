import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer as createWebServer } from "node:http";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";
import { join } from "node:path";
import test from "ava";
import { download } from "../src/artifacts/download.ts";
import { get, getSmall } from "../src/artifacts/http.ts";
import { checks } from "../src/checks/index.ts";
import type { ErrorCode } from "../src/errors/catalogue.ts";
import type { RunIdentity } from "../src/host/host.ts";
import { openLocalHost } from "../src/host/local/local-host.ts";
import { openSshHost } from "../src/host/ssh/ssh-host.ts";
import type { ClusterHost } from "../src/inventory/cluster.ts";
import { aptLock } from "../src/resources/apt-lock.ts";
import { callFetch, defineFetch } from "../src/resources/fetch.ts";
import { openTestHost } from "./support/fake-host.ts";
import { temporaryFolder } from "./support/kind.ts";
import { linesOf, runFault, type Scene, scriptScene, trialStep } from "./support/run-fault.ts";
import { clusterHost, freePort, makeKey, type Sshd, startSshd } from "./support/sshd.ts";
import { isPrintedWhole, isWholeFault } from "./support/whole-fault.ts";

const { signal } = new AbortController();
const run: RunIdentity = { id: "faults", mode: "change", owner: "test" };
const sum = "0".repeat(64);
const path = process.env["PATH"];
/** How often the part of the world that fails was asked in the test that runs. */
let attempts = 0;
let sshd: Sshd;
let web: { readonly url: string; close(): void };

test.before(async () => {
  sshd = await startSshd();
  const server = createWebServer((request, response) => {
    attempts++;
    response.statusCode = request.url === "/file" ? 200 : request.url === "/busy" ? 503 : 404;
    response.end("these are the bytes");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  web = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
});
test.afterEach.always(() => {
  process.env["PATH"] = path;
});
test.after.always(async () => {
  web.close();
  await sshd.stop();
});

/** A port that counts connections, and joins them to another where there is one. */
async function countingPort(onward?: number): Promise<number> {
  const server = createServer((socket: Socket) => {
    attempts++;
    if (onward === undefined) return;
    const further = dial(onward, "127.0.0.1");
    for (const end of [socket, further]) end.on("error", () => end.destroy());
    socket.pipe(further).pipe(socket);
  }).unref();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** A host that is reached over SSH, whose connections are counted. */
const overSsh = (host: ClusterHost): Scene => ({ host, open: (own) => openSshHost(own, run) });

/** The same where no connection comes about that could be counted, but what opens them. */
const unreached = (host: ClusterHost): Scene => ({
  host,
  open: (own) => {
    attempts++;
    return openSshHost(own, run);
  },
});

/** A host whose step needs something that this machine has to bring first. */
const bringing = (bring: () => Promise<unknown>): Scene => ({
  host: clusterHost({}),
  change: async () => {
    await bring();
    return { script: ":" };
  },
});

/** A host whose answer to the probe is that of this machine but for some programs, and one check that looks at it. */
async function looking(check: string, over: Partial<ClusterHost>, change: (script: string) => string): Promise<Scene> {
  return {
    host: { ...clusterHost({}), ...over },
    checks: checks.filter(({ name }) => name === check),
    open: async ({ name }) => {
      attempts++;
      const host = await openTestHost({ name });
      const { run: runScript } = host;
      return Object.assign(host, {
        run: ((asked, options) => runScript.call(host, { ...asked, body: change(asked.body) }, options)) satisfies typeof runScript,
      });
    },
  };
}

interface Fault {
  readonly category: string;
  readonly code: ErrorCode;
  readonly step: string;
  /** What the next command or action is. */
  readonly hint: RegExp;
  readonly evidence: RegExp;
  /** How often it is tried. What cannot heal: once. Undefined: another program decides. */
  readonly attempts?: number;
  readonly happen: () => Scene | Promise<Scene>;
}

const aptOf = (folder: string) =>
  `-o Dir::State=${folder} -o Dir::Cache=${folder} -o Dir::Etc::sourcelist=${folder}/sources.list -o Dir::Etc::sourceparts=- -o APT::Update::Error-Mode=any -o Acquire::Retries=0`;

/** Locks a file as dpkg does, says so, and ends with what started it. */
const lockHolder = `
use Fcntl qw(F_SETLK F_WRLCK SEEK_SET);
open(my $file, ">", $ARGV[0]) or die;
my $lock = pack("s s x![l!] l! l! i", F_WRLCK, SEEK_SET, 0, 0, 0);
fcntl($file, F_SETLK, $lock) or die "no lock: $!";
$| = 1;
print "locked\\n";
sleep 20;
`;

const connecting = { step: "connect", attempts: 1 };
const changing = { step: trialStep, attempts: 1 };
const checking = { step: "checks", attempts: 1 };

const faults: readonly Fault[] = [
  {
    ...connecting,
    category: "resolve",
    code: "name-unknown",
    hint: /DNS: `getent hosts no-such-host\.invalid`/,
    evidence: /name is not known/,
    happen: () => unreached({ ...sshd.host(), address: "no-such-host.invalid" }),
  },
  {
    ...connecting,
    category: "connect: nothing listens",
    code: "connection-refused",
    hint: /`systemctl status ssh`/,
    evidence: /nothing listens on port \d+/,
    happen: async () => unreached(sshd.host({ port: await freePort() })),
  },
  {
    ...connecting,
    category: "connect: no answer",
    code: "connection-timeout",
    hint: /`ping 127\.0\.0\.1`.*connectTimeoutSeconds/,
    evidence: /no answer on port \d+ within 1 s/,
    happen: async () => overSsh(sshd.host({ port: await countingPort(), connectTimeoutSeconds: 1 })),
  },
  {
    ...connecting,
    category: "key of the host",
    code: "host-key",
    hint: /`ssh-keygen -f \S+ -R .*`/,
    evidence: /not the one that is known for it: ssh-ed25519 SHA256:/,
    async happen() {
      const other = await startSshd();
      const port = await countingPort(other.port);
      const knownHostsFile = join(other.directory, "old");
      await writeFile(knownHostsFile, `[127.0.0.1]:${port} ${sshd.hostKey}\n`);
      return { host: other.host({ knownHostsFile, port }), open: (host) => openSshHost(host, run).finally(() => other.stop()) };
    },
  },
  {
    ...connecting,
    category: "login",
    code: "login-refused",
    hint: /`ssh -p \d+ \S+ true`.*authorized_keys/,
    evidence: /does not let \S+ in with the keys/,
    async happen() {
      const port = await countingPort(sshd.port);
      const knownHostsFile = join(sshd.directory, "by-relay");
      await writeFile(knownHostsFile, `[127.0.0.1]:${port} ${sshd.hostKey}\n`);
      return overSsh(sshd.host({ port, knownHostsFile, identityFiles: [makeKey(sshd.directory, "nobodys")] }));
    },
  },
  {
    ...connecting,
    category: "sudo",
    code: "privilege",
    hint: /`visudo -f \/etc\/sudoers\.d\/kboot`: ops ALL=\(ALL\) NOPASSWD: ALL/,
    evidence: /ops cannot become root with sudo: sudo: a password is required/,
    async happen() {
      const folder = await temporaryFolder();
      const asked = join(folder, "asked");
      await writeFile(join(folder, "sudo"), `#!/bin/sh\necho x >> ${asked}\necho 'sudo: a password is required' >&2\nexit 1\n`);
      await chmod(join(folder, "sudo"), 0o755);
      return {
        host: clusterHost({}),
        attempts: linesOf(asked),
        async open({ name }) {
          process.env["PATH"] = `${folder}:${path}`;
          return openLocalHost(name, run, { user: "ops" });
        },
      };
    },
  },
  {
    ...checking,
    category: "time: a clock that is behind",
    code: "clock-skew",
    hint: /on worker-1: `timedatectl`.*`date -u`.*ignoreChecks/,
    evidence:
      /worker-1: its clock is (3599|360[01]) s behind this machine's: certificates made elsewhere are not valid yet there \(clock\)/,
    happen: () => looking("clock", {}, (body) => `date() { command date -d "1 hour ago" "$@"; }\n${body}`),
  },
  {
    ...checking,
    category: "time: a clock that is ahead",
    code: "clock-skew",
    hint: /on worker-1: `timedatectl`/,
    evidence: /worker-1: its clock is (3599|360[01]) s ahead of this machine's: certificates made there are not valid yet elsewhere/,
    happen: () => looking("clock", {}, (body) => `date() { command date -d "1 hour" "$@"; }\n${body}`),
  },
  {
    ...checking,
    category: "memory: too little for a control plane",
    code: "out-of-memory",
    hint: /`free -m`.*1700 MB/,
    evidence: /worker-1: the host has 977 MB of memory \(memory\)/,
    async happen() {
      const file = join(await temporaryFolder(), "meminfo");
      await writeFile(file, "MemTotal:        1000000 kB\nMemFree: 1 kB\n");
      return looking("memory", { role: "control-plane" }, (body) => body.replaceAll("/proc/meminfo", file));
    },
  },
  {
    ...checking,
    category: "disk: too little for images",
    code: "disk-full",
    hint: /`df -h \/var\/lib`.*2048 MB/,
    evidence: /worker-1: only 98 MB are free under \/var\/lib \(disk\)/,
    happen: () => looking("disk", {}, (body) => `df() { echo "/dev/sda1 1000000 900000 100000 90% /"; }\n${body}`),
  },
  {
    ...changing,
    category: "disk",
    code: "disk-full",
    hint: /`df -h`/,
    evidence: /install it failed: no room is left.*\n.*No space left on device/,
    happen: () => scriptScene("head -c 100000 /dev/zero > /dev/full"),
  },
  {
    ...changing,
    category: "memory: a program that the kernel ends",
    code: "out-of-memory",
    hint: /`free -m`/,
    evidence: /install it failed: the host has not enough memory/,
    happen: () => scriptScene("sh -c 'kill -9 $$'"),
  },
  {
    ...changing,
    category: "apt: no name service",
    code: "apt-unresolved",
    hint: /`getent hosts NAME`/,
    evidence: /no-such-host\.invalid/,
    async happen() {
      const folder = await temporaryFolder();
      await mkdir(join(folder, "lists", "partial"), { recursive: true });
      await writeFile(join(folder, "sources.list"), "deb [trusted=yes] http://no-such-host.invalid/debian trixie main\n");
      return scriptScene(`env -u http_proxy -u HTTP_PROXY apt-get ${aptOf(folder)} -o Acquire::http::Proxy=DIRECT update`);
    },
  },
  {
    ...changing,
    category: "apt: unknown package",
    code: "package-unknown",
    hint: /`apt-cache policy PACKAGE`/,
    evidence: /Unable to locate package kboot-has-no-such-package/,
    async happen() {
      const folder = await temporaryFolder();
      await writeFile(join(folder, "sources.list"), "");
      return scriptScene(`apt-get ${aptOf(folder)} -o Debug::NoLocking=1 --dry-run install kboot-has-no-such-package`);
    },
  },
  {
    ...changing,
    category: "apt: its lock is held",
    code: "apt-locked",
    hint: /`fuser -v \/var\/lib\/dpkg\/lock-frontend`/,
    evidence: /waited 1 s in vain for the lock of apt: perl \(pid \d+, running for \d+ s\)/,
    async happen() {
      const file = join(await temporaryFolder(), "lock-frontend");
      const holder = spawn("perl", ["-e", lockHolder, file], { stdio: ["ignore", "pipe", "inherit"] });
      await once(holder.stdout, "data");
      holder.unref();
      return scriptScene(`${aptLock([file], 1)}\nwait_for_apt_lock`);
    },
  },
  {
    ...changing,
    category: "download: not there",
    code: "artifact",
    hint: /does this version exist.*`curl -I \S+\/nothing`/,
    evidence: /\/nothing answers with status 404/,
    happen: () => bringing(() => fetchHere("nothing")),
  },
  {
    ...changing,
    category: "download: a server that cannot just now",
    code: "artifact",
    hint: /`curl -I \S+\/busy`/,
    evidence: /\/busy answers with status 503/,
    attempts: 3,
    happen: () => bringing(() => getSmall(`${web.url}/busy`, { signal })),
  },
  {
    step: trialStep,
    category: "download: refused",
    code: "artifact",
    hint: /is the address right.*`curl -I \S+`/,
    evidence: /no answer from http:\/\/127\.0\.0\.1:\d+\/x: connect ECONNREFUSED/,
    happen: async () => {
      const port = await freePort();
      return bringing(() => getSmall(`http://127.0.0.1:${port}/x`, { signal }));
    },
  },
  {
    ...changing,
    category: "download by the host",
    code: "download-failed",
    hint: /`curl -I URL`/,
    evidence: /this host cannot fetch http:\/\/\S+\/nothing/,
    // the request and the script
    attempts: 2,
    happen: async () => scriptScene(`${defineFetch}\n${callFetch(`${web.url}/nothing`, `"${await temporaryFolder()}/x"`, sum)}`),
  },
  {
    ...changing,
    category: "checksum",
    code: "artifact-damaged",
    hint: /nothing of it was used.*`curl -fsSL \S+\/file \| sha256sum`/,
    evidence: /\/file is damaged: wanted sha256 0{64}, got [0-9a-f]{64} \(19 bytes\)/,
    happen: () => bringing(() => fetchHere("file")),
  },
  {
    ...changing,
    category: "checksum on the host",
    code: "artifact-damaged",
    hint: /`sha256sum`/,
    evidence: /\/file came damaged: wanted sha256 0{64}, got [0-9a-f]{64}/,
    attempts: 2,
    happen: async () => scriptScene(`${defineFetch}\n${callFetch(`${web.url}/file`, `"${await temporaryFolder()}/x"`, sum)}`),
  },
];

/** As a file is brought: there what is missing is an error. */
async function fetchHere(name: string): Promise<void> {
  await download({ url: `${web.url}/${name}`, get, sha256: sum, size: undefined }, join(await temporaryFolder(), "part"), signal);
}

for (const { category, happen, attempts: expected, ...fault } of faults) {
  test.serial(`a fault is told whole, and tried again only if that can heal it: ${category}`, async (t) => {
    const scene = await happen();
    attempts = 0;
    const began = Date.now();
    const error = await runFault(scene);
    const took = Date.now() - began;
    isWholeFault(t, error, { ...fault, host: "worker-1" });
    isPrintedWhole(t, error);
    if (expected !== undefined) t.is(attempts + (scene.attempts?.() ?? 0), expected, "attempts");
    if (!error.transient) t.true(took < 5000, `${took} ms`);
  });
}
