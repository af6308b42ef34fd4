import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { KbootError } from "../../../src/errors.ts";
import { openLocalHost } from "../../../src/host/local/local-host.ts";
import { freePort } from "../../support/sshd.ts";

const { signal } = new AbortController();
const reading = { id: "read-1", mode: "read", owner: "somebody" } as const;

/** A sh in whose PATH sudo is this script. */
async function shWithSudo(script: string): Promise<readonly string[]> {
  const bin = await mkdtemp(join(tmpdir(), "kboot-bin-"));
  await writeFile(join(bin, "sudo"), `#!/bin/sh\n${script}\n`);
  await chmod(join(bin, "sudo"), 0o755);
  return ["/usr/bin/env", `PATH=${bin}:/usr/bin:/bin`, "sh"];
}

test("a user who is not root goes through sudo, which is told not to ask", async (t) => {
  const sh = await shWithSudo(`[ "$1" = -n ] || exit 9; shift; SUDO_SEEN=yes exec "$@"`);
  const host = await openLocalHost("here", reading, { user: "vagrant", sh });
  t.is((await host.run({ label: "look", body: "echo $SUDO_SEEN" }, { signal })).stdout.toString(), "yes\n");
  await host.close();
});

for (const [title, script] of [
  ["asks for a password", "echo 'sudo: a password is required' >&2; exit 1"],
  ["is missing", "echo 'sh: 1: sudo: not found' >&2; exit 127"],
] as const) {
  test(`sudo that ${title} is an error about privilege`, async (t) => {
    const host = await openLocalHost("here", reading, { user: "vagrant", sh: await shWithSudo(script) });
    const error = await t.throwsAsync(host.run({ label: "look", body: ":" }, { signal }), { instanceOf: KbootError });
    t.is(error.code, "privilege");
    t.is(error.where.host, "here");
    t.regex(error.message, /sudo: (a password is required|not found)/);
    t.truthy(error.hint);
    await host.close();
  });
}

test("ports of this machine are reached directly", async (t) => {
  const port = await freePort();
  const server = createServer((socket) => socket.end("hello"));
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const host = await openLocalHost("here", reading, { user: "root" });
  let said = "";
  for await (const chunk of await host.connect(port, signal)) said += chunk;
  t.is(said, "hello");
  server.close();
  const error = await t.throwsAsync(host.connect(await freePort(), signal), { instanceOf: KbootError });
  t.is(error.code, "unreachable");
  const cancelled = await t.throwsAsync(host.connect(port, AbortSignal.abort()), { instanceOf: KbootError });
  t.is(cancelled.code, "cancelled");
  await host.close();
});
