import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { AgentAuthMethod, PublicKeyAuthMethod } from "ssh2";
import { KbootError, type Where } from "../../errors.ts";
import type { SshSettings } from "../../inventory/cluster.ts";

const usualFiles = ["id_ed25519", "id_ecdsa", "id_rsa"];

export type Identity = PublicKeyAuthMethod | AgentAuthMethod;

/**
 * What to log in with, in the order to try. Named files come alone, but for encrypted ones, whose key the agent may hold.
 * Without named files: the agent, then the usual files. Throws KbootError `unreachable` when a named file cannot be used
 * and there is no agent, or when there is nothing to log in with.
 */
export async function readIdentities(
  settings: SshSettings,
  where: Where,
  { SSH_AUTH_SOCK: agent, HOME: home = homedir() }: NodeJS.ProcessEnv = process.env,
): Promise<readonly Identity[]> {
  const username = settings.user;
  const fromAgent: Identity[] = agent ? [{ type: "agent", username, agent }] : [];
  const isNamed = settings.identityFiles.length > 0;
  const paths = isNamed ? settings.identityFiles : usualFiles.map((file) => join(home, ".ssh", file));
  const identities: Identity[] = isNamed ? [] : [...fromAgent];
  for (const path of paths) {
    const key = await readKey(path);
    if (!(key instanceof Error)) identities.push({ type: "publickey", username, key });
    else if (isNamed && isEncrypted(key) && agent) identities.push(...fromAgent);
    else if (isNamed) throw unusable(path, key, where);
  }
  if (identities.length > 0) return identities;
  throw new KbootError("unreachable", `there is no key to log in with as ${username}`, {
    where,
    hint: `start ssh-agent, or name a key under ssh.identityFiles; looked at ${paths.join(", ")}`,
  });
}

async function readKey(path: string): Promise<string | Error> {
  const { default: ssh2 } = await import("ssh2");
  try {
    const text = await readFile(path, "utf8");
    const key = ssh2.utils.parseKey(text);
    if (key instanceof Error) return key;
    return key.isPrivateKey() ? text : new Error("it holds a public key");
  } catch (error) {
    return error as Error;
  }
}

/** ssh2 has no code for this, only the text. */
function isEncrypted(error: Error): boolean {
  return error.message.startsWith("Encrypted");
}

function unusable(path: string, cause: Error, where: Where): KbootError {
  const [reason, hint] = isEncrypted(cause)
    ? ["it is encrypted and no agent is running", "load it into ssh-agent (ssh-add) and start kboot from that shell"]
    : [cause.message, "name a private key in OpenSSH or PEM format that you can read, under ssh.identityFiles"];
  return new KbootError("unreachable", `cannot use the key ${path}: ${reason}`, { where: { ...where, file: path }, hint, cause });
}
