import { createHash, createHmac } from "node:crypto";

/** One line of a known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). */
export interface KnownHost {
  readonly marker: "revoked" | "cert-authority" | undefined;
  /** Patterns separated by commas, or one hashed name. */
  readonly names: string;
  /** `ssh-ed25519`, as the key itself says it. */
  readonly keyType: string;
  /** The key in base64. */
  readonly key: string;
}

/** `unknown`: no key of this host is known. `changed`: keys are known, but not this one. */
export type HostKeyVerdict = "known" | "unknown" | "changed" | "revoked";

/** The lines that can be read; others are passed over, as ssh does. */
export function parseKnownHosts(text: string): readonly KnownHost[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const words = line.trim().split(/[ \t]+/);
    const marker = words[0]?.startsWith("@") ? words.shift()?.slice(1) : undefined;
    if (marker !== undefined && marker !== "revoked" && marker !== "cert-authority") return [];
    const [names, keyType, key] = words;
    if (names === undefined || names.startsWith("#") || keyType === undefined || key === undefined) return [];
    return [{ marker, names, keyType, key }];
  });
}

/** Judges the key that a server shows. `key` is the raw public key as it travels. */
export function judgeHostKey(known: readonly KnownHost[], address: string, port: number, key: Buffer): HostKeyVerdict {
  const shown = key.toString("base64");
  const isShown = (entry: KnownHost) => Buffer.from(entry.key, "base64").toString("base64") === shown;
  const names = namesOf(address, port);
  if (known.some((entry) => entry.marker === "revoked" && isShown(entry) && names.some((name) => matches(entry.names, name)))) {
    return "revoked";
  }
  const entries = entriesOf(known, address, port);
  if (entries.some(isShown)) return "known";
  return entries.length === 0 ? "unknown" : "changed";
}

/** The types of the keys that are known for a host, so that it can be asked for one of these. */
export function knownKeyTypes(known: readonly KnownHost[], address: string, port: number): readonly string[] {
  return [...new Set(entriesOf(known, address, port).map((entry) => entry.keyType))];
}

/** As `ssh-keygen -l` prints it: `SHA256:...`. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** Keys for `[address]:port`; if there are none, those of the address on its own (as ssh looks them up). */
function entriesOf(known: readonly KnownHost[], address: string, port: number): readonly KnownHost[] {
  const plain = known.filter((entry) => entry.marker === undefined);
  for (const name of namesOf(address, port)) {
    const entries = plain.filter((entry) => matches(entry.names, name));
    if (entries.length > 0) return entries;
  }
  return [];
}

function namesOf(address: string, port: number): readonly string[] {
  const name = address.toLowerCase();
  return port === 22 ? [name] : [`[${name}]:${port}`, name];
}

function matches(names: string, name: string): boolean {
  if (names.startsWith("|")) return matchesHash(names, name);
  let isMatch = false;
  for (const pattern of names.toLowerCase().split(",")) {
    if (pattern.startsWith("!")) {
      if (matchesPattern(pattern.slice(1), name)) return false;
    } else if (matchesPattern(pattern, name)) isMatch = true;
  }
  return isMatch;
}

/** `|1|SALT|HASH`: HMAC-SHA1 of the name, keyed with the salt. */
function matchesHash(names: string, name: string): boolean {
  const [, version, salt, hash] = names.split("|");
  if (version !== "1" || salt === undefined || hash === undefined) return false;
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
}

/** `*` stands for any characters, `?` for one. */
function matchesPattern(pattern: string, name: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`).test(name);
}
