import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { KbootError } from "../../../src/errors.ts";
import { readIdentities } from "../../../src/host/ssh/identities.ts";
import { clusterHost, makeKey } from "../../support/sshd.ts";

const where = { host: "worker-1", address: "10.0.0.1" };

async function home(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "kboot-home-"));
  await mkdir(join(directory, ".ssh"));
  return directory;
}

function settings(identityFiles: readonly string[] = []) {
  return clusterHost({ user: "ann", identityFiles }).ssh;
}

test("named files are offered alone, in their order", async (t) => {
  const directory = await home();
  const files = [makeKey(directory, "a", { type: "ecdsa" }), makeKey(directory, "b")];
  const identities = await readIdentities(settings(files), where, { SSH_AUTH_SOCK: "/agent", HOME: directory });
  t.deepEqual(
    identities.map(({ type, username }) => [type, username]),
    [
      ["publickey", "ann"],
      ["publickey", "ann"],
    ],
  );
});

test("without named files the agent comes first, then the usual files that can be read", async (t) => {
  const directory = await home();
  makeKey(join(directory, ".ssh"), "id_ed25519");
  makeKey(join(directory, ".ssh"), "id_ecdsa", { type: "ecdsa", passphrase: "closed" });
  const identities = await readIdentities(settings(), where, { SSH_AUTH_SOCK: "/agent", HOME: directory });
  t.deepEqual(
    identities.map(({ type }) => type),
    ["agent", "publickey"],
  );
});

test("an encrypted key is left to the agent, and without one refused", async (t) => {
  const directory = await home();
  const file = makeKey(directory, "closed", { passphrase: "closed" });
  const identities = await readIdentities(settings([file]), where, { SSH_AUTH_SOCK: "/agent", HOME: directory });
  t.deepEqual(
    identities.map(({ type }) => type),
    ["agent"],
  );
  const error = await t.throwsAsync(readIdentities(settings([file]), where, { HOME: directory }), { instanceOf: KbootError });
  t.is(error.code, "unreachable");
  t.is(error.where.file, file);
  t.regex(error.message, /encrypted/);
  t.regex(error.hint ?? "", /ssh-add/);
});

test("a file that is no private key is refused by name", async (t) => {
  const directory = await home();
  const key = makeKey(directory, "key");
  execFileSync("chmod", ["600", key]);
  for (const file of [`${key}.pub`, join(directory, "missing"), "/etc/hostname"]) {
    const error = await t.throwsAsync(readIdentities(settings([file]), where, { HOME: directory }), { instanceOf: KbootError });
    t.is(error.where.file, file);
  }
});

test("nothing to log in with is an error that says where was looked", async (t) => {
  const directory = await home();
  const error = await t.throwsAsync(readIdentities(settings(), where, { HOME: directory }), { instanceOf: KbootError });
  t.is(error.code, "unreachable");
  t.true(error.hint?.includes(join(directory, ".ssh", "id_ed25519")));
});
