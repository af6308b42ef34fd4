import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer as createWebServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import test from "ava";
import { download } from "../src/artifacts/download.ts";
import { get, getSmall } from "../src/artifacts/http.ts";
import type { ErrorCode } from "../src/errors/catalogue.ts";
import { scriptFailed } from "../src/errors/script-failed.ts";
import { KbootError } from "../src/errors.ts";
import type { RunIdentity } from "../src/host/host.ts";
import { openLocalHost } from "../src/host/local/local-host.ts";
import { openSshHost } from "../src/host/ssh/ssh-host.ts";
import { callFetch, defineFetch } from "../src/resources/fetch.ts";
import { openTestHost } from "./support/fake-host.ts";
import { temporaryFolder } from "./support/kind.ts";
import { freePort, makeKey, type Sshd, startSshd } from "./support/sshd.ts";

const { signal } = new AbortController();
const reading: RunIdentity = { id: "faults", mode: "read", owner: "test" };
const sum = "0".repeat(64);
let sshd: Sshd;
let web: { readonly url: string; close(): void };

test.before(async () => {
  sshd = await startSshd();
  const server = createWebServer((request, response) => {
    response.statusCode = request.url === "/file" ? 200 : 404;
    response.end("these are the bytes");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  web = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
});
test.after.always(async () => {
  web.close();
  await sshd.stop();
});

/** What is told of a script that fails on a host, as the engine tells it. */
async function failing(body: string): Promise<never> {
  const host = await openTestHost({ mode: "read", name: "worker-1" });
  try {
    const result = await host.run({ label: "install", body: `export LC_ALL=C\nset -eu\n${body}` }, { signal });
    if (result.exitCode === 0) throw new Error("the script did not fail");
    throw scriptFailed("install failed", { label: "install", ...result }, { where: { host: "worker-1", step: "install" } });
  } finally {
    await host.close();
  }
}

interface Fault {
  readonly category: string;
  readonly code: ErrorCode;
  /** What the next command or action is. */
  readonly hint: RegExp;
  readonly happen: () => Promise<unknown>;
}

const aptOf = (folder: string) =>
  `-o Dir::State=${folder} -o Dir::Cache=${folder} -o Dir::Etc::sourcelist=${folder}/sources.list -o Dir::Etc::sourceparts=- -o APT::Update::Error-Mode=any -o Acquire::Retries=0`;

const faults: readonly Fault[] = [
  {
    category: "resolve",
    code: "name-unknown",
    hint: /address|DNS/,
    happen: () => openSshHost({ ...sshd.host(), address: "no-such-host.invalid" }, reading),
  },
  {
    category: "connect: nothing listens",
    code: "connection-refused",
    hint: /sshd runs/,
    happen: async () => openSshHost(sshd.host({ port: await freePort() }), reading),
  },
  {
    category: "connect: no answer",
    code: "connection-timeout",
    hint: /connectTimeoutSeconds/,
    async happen() {
      const silent = createServer(() => {}).unref();
      await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
      return openSshHost(sshd.host({ port: (silent.address() as AddressInfo).port, connectTimeoutSeconds: 1 }), reading);
    },
  },
  {
    category: "key of the host",
    code: "host-key",
    hint: /ssh-keygen|known/,
    async happen() {
      const other = await startSshd();
      const knownHostsFile = join(other.directory, "old");
      await writeFile(knownHostsFile, `[127.0.0.1]:${other.port} ${sshd.hostKey}\n`);
      return openSshHost(other.host({ knownHostsFile }), reading).finally(() => other.stop());
    },
  },
  {
    category: "login",
    code: "login-refused",
    hint: /authorized_keys/,
    happen: () => openSshHost(sshd.host({ identityFiles: [makeKey(sshd.directory, "nobodys")] }), reading),
  },
  {
    category: "sudo",
    code: "privilege",
    hint: /NOPASSWD/,
    async happen() {
      const folder = await temporaryFolder();
      await writeFile(join(folder, "sudo"), "#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n");
      await chmod(join(folder, "sudo"), 0o755);
      const path = process.env["PATH"];
      process.env["PATH"] = `${folder}:${path}`;
      const host = await openLocalHost("worker-1", reading, { user: "ops" });
      return host.run({ label: "look", body: ":" }, { signal }).finally(() => {
        process.env["PATH"] = path;
      });
    },
  },
  { category: "disk", code: "disk-full", hint: /df -h/, happen: () => failing("head -c 100000 /dev/zero > /dev/full") },
  { category: "memory", code: "out-of-memory", hint: /free -m/, happen: () => failing("sh -c 'kill -9 $$'") },
  {
    category: "apt: no name service",
    code: "apt-unresolved",
    hint: /getent hosts/,
    async happen() {
      const folder = await temporaryFolder();
      await mkdir(join(folder, "lists", "partial"), { recursive: true });
      await writeFile(join(folder, "sources.list"), "deb [trusted=yes] http://no-such-host.invalid/debian trixie main\n");
      return failing(`env -u http_proxy -u HTTP_PROXY apt-get ${aptOf(folder)} -o Acquire::http::Proxy=DIRECT update`);
    },
  },
  {
    category: "apt: unknown package",
    code: "package-unknown",
    hint: /apt-cache policy/,
    async happen() {
      const folder = await temporaryFolder();
      await writeFile(join(folder, "sources.list"), "");
      return failing(`apt-get ${aptOf(folder)} -o Debug::NoLocking=1 --dry-run install kboot-has-no-such-package`);
    },
  },
  { category: "download: not there", code: "artifact", hint: /version exist|asked/, happen: () => getSmallOf(`${web.url}/nothing`) },
  {
    category: "download: refused",
    code: "artifact",
    hint: /address right/,
    happen: async () => getSmall(`http://127.0.0.1:${await freePort()}/x`, { signal }),
  },
  {
    category: "download by the host",
    code: "download-failed",
    hint: /curl -I/,
    happen: async () => failing(`${defineFetch}\n${callFetch(`${web.url}/nothing`, `"${await temporaryFolder()}/x"`, sum)}`),
  },
  {
    category: "checksum",
    code: "artifact-damaged",
    hint: /nothing of it was used/,
    happen: async () =>
      download({ url: `${web.url}/file`, get, sha256: sum, size: undefined }, join(await temporaryFolder(), "part"), signal),
  },
  {
    category: "checksum on the host",
    code: "artifact-damaged",
    hint: /sha256sum/,
    happen: async () => failing(`${defineFetch}\n${callFetch(`${web.url}/file`, `"${await temporaryFolder()}/x"`, sum)}`),
  },
];

/** As a download asks: there what is missing is an error. */
async function getSmallOf(url: string): Promise<void> {
  await download({ url, get, sha256: sum, size: undefined }, join(await temporaryFolder(), "part"), signal);
}

for (const { category, code, hint, happen } of faults) {
  test.serial(`a fault is told with its code and what to do: ${category}`, async (t) => {
    const began = Date.now();
    const error = await t.throwsAsync(happen, { instanceOf: KbootError });
    t.is(error.code, code, error.message);
    t.regex(error.hint ?? "", hint);
    t.notRegex(error.message, /exit(ed with| code| status) \d+$/);
    if (!error.transient) t.true(Date.now() - began < 5000, `${Date.now() - began} ms`);
    if (!/^(artifact|artifact-damaged)$/.test(code)) t.is(error.where.host ?? "worker-1", "worker-1");
  });
}
