import { readFile } from "node:fs/promises";
import type { ServerHostKeyAlgorithm } from "ssh2";
import { KbootError, type Where } from "../../errors.ts";
import { fingerprint, type HostKeyVerdict, judgeHostKey, type KnownHost, knownKeyTypes, parseKnownHosts } from "./known-hosts.ts";

/** Signature algorithms by type of key; an RSA key signs with SHA-2 (RFC 8332). */
const algorithms: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
};

/** Reads a known_hosts file; one that is not there knows no host. */
export async function readKnownHosts(file: string): Promise<readonly KnownHost[]> {
  try {
    return parseKnownHosts(await readFile(file, "utf8"));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new KbootError("host-key", `cannot read ${file}: ${(cause as Error).message}`, {
      where: { file },
      hint: "make the file readable, or name another under ssh.knownHostsFile",
      cause,
    });
  }
}

/** What to ask the host for, so that it shows a key that is known; undefined: whatever it prefers. */
export function wantedAlgorithms(known: readonly KnownHost[], address: string, port: number): ServerHostKeyAlgorithm[] | undefined {
  const wanted = knownKeyTypes(known, address, port).flatMap((type) => algorithms[type] ?? []);
  return wanted.length === 0 ? undefined : wanted;
}

/** The error for a key that is not the known one; undefined for a known key. */
export function refuseHostKey(
  known: readonly KnownHost[],
  file: string,
  port: number,
  key: Buffer,
  where: Where & { readonly address: string },
): KbootError | undefined {
  const verdict = judgeHostKey(known, where.address, port, key);
  if (verdict === "known") return undefined;
  return new KbootError("host-key", `${reasons[verdict]}: ${keyType(key)} ${fingerprint(key)}`, {
    where: { ...where, file },
    hint: hints[verdict](where.address, port, file),
  });
}

/** The error for a host that no longer has a key of any type that is known for it. */
export function noKnownKeyType(file: string, port: number, cause: Error, where: Where & { readonly address: string }): KbootError {
  return new KbootError("host-key", "the host has no key of a type that is known for it", {
    where: { ...where, file },
    hint: hints.changed(where.address, port, file),
    cause,
  });
}

type Refusal = Exclude<HostKeyVerdict, "known">;

const reasons: Readonly<Record<Refusal, string>> = {
  unknown: "the host's key is not known",
  changed: "the host's key is not the one that is known for it",
  revoked: "the host's key is marked as revoked",
};

const hints: Readonly<Record<Refusal, (address: string, port: number, file: string) => string>> = {
  unknown: (address, port, file) =>
    `compare this fingerprint with the host's own (\`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\` there), then: \`ssh-keyscan -p ${port} ${address} >> ${file}\``,
  changed: (address, port, file) =>
    `somebody may be listening in; if the host was made anew: \`ssh-keygen -f ${file} -R ${port === 22 ? address : `'[${address}]:${port}'`}\`, and add the new key after comparing it`,
  revoked: (_address, _port, file) => `give the host new keys, or correct ${file}`,
};

/** A key begins with its type: length (4 bytes), then the name. */
function keyType(key: Buffer): string {
  return key.subarray(4, 4 + key.readUInt32BE(0)).toString();
}
