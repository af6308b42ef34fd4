import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { KbootError } from "../../../src/errors.ts";
import { bytesPayload } from "../../../src/host/payload.ts";
import { openSshHost } from "../../../src/host/ssh/ssh-host.ts";
import type { ClusterHost } from "../../../src/inventory/cluster.ts";
import { runDirectory } from "../../support/fake-host.ts";
import { clusterHost, freePort, makeKey, type Sshd, startSshd } from "../../support/sshd.ts";

const { signal } = new AbortController();
const reading = { id: "read-1", mode: "read", owner: "somebody" } as const;
let server: Sshd;

test.before(async () => {
  server = await startSshd();
});

test.after.always(() => server.stop());

async function refused(t: ExecutionContext, host: ClusterHost): Promise<KbootError> {
  const error = await t.throwsAsync(openSshHost(host, reading), { instanceOf: KbootError });
  t.is(error.where.host, "worker-1");
  t.is(error.where.address, "127.0.0.1");
  return error;
}

test("scripts run over a real connection, on both channels", async (t) => {
  const run = { id: "change-1", mode: "change", owner: "somebody" } as const;
  const host = await openSshHost(server.host(), run, { runDirectory: await runDirectory() });
  const bytes = Buffer.from("payload\0\xff", "latin1");
  const payload = bytesPayload(bytes);
  const [main, bulk] = await Promise.all([
    host.run({ label: "main", body: "cat; echo err >&2; exit 4", payload }, { signal }),
    host.run({ label: "bulk", body: "take 7", payload }, { signal, channel: "bulk" }),
  ]);
  t.true(main.stdout.equals(bytes));
  t.is(main.stderr, "err\n");
  t.is(main.exitCode, 4);
  t.is(bulk.stdout.toString(), "payload");
  t.is(host.trips, 2);
  await host.close();
});

test("a key that only ssh-agent holds lets in", async (t) => {
  const socket = join(server.directory, "agent");
  const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  while (!existsSync(socket)) await sleep(20);
  execFileSync("ssh-add", ["-q", server.identityFile], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: "ignore" });
  const before = process.env;
  process.env = { ...before, SSH_AUTH_SOCK: socket, HOME: server.directory };
  try {
    const host = await openSshHost(server.host({ identityFiles: [] }), reading);
    t.is((await host.run({ label: "say", body: "echo in" }, { signal })).stdout.toString(), "in\n");
    await host.close();
  } finally {
    process.env = before;
    agent.kill();
  }
});

test("a port of the host is reached through the connection", async (t) => {
  const echo = createServer((socket) => socket.end("hello from the port"));
  const port = await freePort();
  await new Promise<void>((resolve) => echo.listen(port, "127.0.0.1", resolve));
  const host = await openSshHost(server.host(), reading);
  let said = "";
  for await (const chunk of await host.connect(port, signal)) said += chunk;
  t.is(said, "hello from the port");
  echo.close();
  const error = await t.throwsAsync(host.connect(await freePort(), signal), { instanceOf: KbootError });
  t.is(error.code, "unreachable");
  t.true(error.transient);
  await host.close();
});

test("where forwarding is forbidden, the error says which setting allows it", async (t) => {
  const strict = await startSshd(["AllowTcpForwarding no"]);
  const host = await openSshHost(strict.host(), reading);
  const error = await t.throwsAsync(host.connect(22, signal), { instanceOf: KbootError });
  t.false(error.transient);
  t.regex(error.hint ?? "", /AllowTcpForwarding/);
  await host.close();
  await strict.stop();
});

test("an unknown host key is refused with its fingerprint", async (t) => {
  const error = await refused(t, server.host({ knownHostsFile: join(server.directory, "none") }));
  t.is(error.code, "host-key");
  const shown =
    execFileSync("ssh-keygen", ["-lf", join(server.directory, "host.pub")])
      .toString()
      .split(" ")[1] ?? "?";
  t.true(error.message.includes(`not known: ssh-ed25519 ${shown}`));
  t.true(error.hint?.includes(`ssh-keyscan -p ${server.port} 127.0.0.1`));
});

test("a changed host key is refused", async (t) => {
  const other = await readFile(`${makeKey(server.directory, "other")}.pub`, "utf8");
  const knownHostsFile = join(server.directory, "changed");
  await writeFile(knownHostsFile, `[127.0.0.1]:${server.port} ${other}`);
  const error = await refused(t, server.host({ knownHostsFile }));
  t.is(error.code, "host-key");
  t.regex(error.message, /not the one that is known/);
});

test("a host that has no key of the known type is refused", async (t) => {
  const ecdsa = await readFile(`${makeKey(server.directory, "ecdsa", { type: "ecdsa" })}.pub`, "utf8");
  const knownHostsFile = join(server.directory, "other-type");
  await writeFile(knownHostsFile, `[127.0.0.1]:${server.port} ${ecdsa}`);
  t.is((await refused(t, server.host({ knownHostsFile }))).code, "host-key");
});

test("of several keys, the host is asked for the one that is known", async (t) => {
  const rsa = makeKey(server.directory, "rsa", { type: "rsa" });
  const ecdsa = makeKey(server.directory, "ecdsa-host", { type: "ecdsa" });
  const several = await startSshd([`HostKey ${rsa}`, `HostKey ${ecdsa}`]);
  for (const file of [rsa, ecdsa]) {
    const knownHostsFile = `${file}.known`;
    await writeFile(knownHostsFile, `[127.0.0.1]:${several.port} ${await readFile(`${file}.pub`, "utf8")}`);
    const host = await openSshHost(several.host({ knownHostsFile }), reading);
    t.is((await host.run({ label: "say", body: "echo in" }, { signal })).stdout.toString(), "in\n");
    await host.close();
  }
  await several.stop();
});

test("a key that the host does not accept is told so", async (t) => {
  const error = await refused(t, server.host({ identityFiles: [makeKey(server.directory, "stranger")] }));
  t.is(error.code, "login-refused");
  t.false(error.transient);
  t.regex(error.hint ?? "", /authorized_keys/);
  t.truthy(error.cause);
});

test("nobody listening is told at once", async (t) => {
  const error = await refused(t, server.host({ port: await freePort() }));
  t.is(error.code, "connection-refused");
  t.true(error.transient);
  t.regex(error.message, /nothing listens on port/);
  t.truthy(error.cause);
});

test("a server that never answers is given up after the connect timeout", async (t) => {
  const silent = createServer(() => {});
  const port = await freePort();
  await new Promise<void>((resolve) => silent.listen(port, "127.0.0.1", resolve));
  const error = await refused(t, server.host({ port, connectTimeoutSeconds: 1 }));
  t.is(error.code, "connection-timeout");
  t.regex(error.message, /no answer on port \d+ within 1 s/);
  silent.close();
});

test("connecting can be cancelled", async (t) => {
  const silent = createServer(() => {});
  const port = await freePort();
  await new Promise<void>((resolve) => silent.listen(port, "127.0.0.1", resolve));
  const opening = openSshHost(server.host({ port }), reading, { signal: AbortSignal.timeout(200) });
  const error = await t.throwsAsync(opening, { instanceOf: KbootError });
  t.is(error.code, "cancelled");
  silent.close();
});

test("an address that does not exist is told so", async (t) => {
  const host = { ...clusterHost({ identityFiles: [server.identityFile] }), address: "no-such-host.invalid" };
  const error = await t.throwsAsync(openSshHost(host, reading), { instanceOf: KbootError });
  t.is(error.code, "name-unknown");
});

test("a connection that breaks during a script is told with the script's name", async (t) => {
  const doomed = await startSshd();
  const host = await openSshHost(doomed.host(), reading);
  const found = await host.run({ label: "find", body: "ps -o ppid= -p $PPID; echo $PPID" }, { signal });
  const [, session] = found.stdout.toString().trim().split(/\s+/);
  const running = host.run({ label: "a long one", body: "sleep 5" }, { signal });
  process.kill(Number(session), "SIGKILL");
  const error = await t.throwsAsync(running, { instanceOf: KbootError });
  t.is(error.code, "unreachable");
  t.regex(error.message, /lost during "a long one"/);
  await host.close();
  await doomed.stop();
});

test("a lost connection is told also to whoever asks for a port or a first script later", async (t) => {
  const doomed = await startSshd();
  const host = await openSshHost(doomed.host(), reading);
  await host.close();
  for (const attempt of [host.connect(22, signal), host.run({ label: "late", body: ":" }, { signal })]) {
    const error = await t.throwsAsync(attempt, { instanceOf: KbootError });
    t.is(error.code, "unreachable");
  }
  await doomed.stop();
});
