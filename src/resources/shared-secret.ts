import { dirname } from "node:path";
import type { Difference, HostKind, Item, Obstacle } from "../engine/contracts.ts";
import type { Material, Vault } from "../engine/vault.ts";
import { KbootError } from "../errors.ts";
import { issueCa } from "../pki/issue.ts";
import { isInTime } from "../pki/judge.ts";
import { generateKeys, type KeyAlgorithm, publicKeyOf } from "../pki/keys.ts";
import { fingerprintsOf, isKeyOf, readCertificate } from "../pki/read.ts";
import type { Secret } from "../secret.ts";
import { attributesOf, compareModes, type ObservedSecretFile, observeFiles, parseFiles } from "./observe-files.ts";
import { type FileToWrite, writeFiles } from "./write-files.ts";

/** An authority, or a key pair without certificate, that is the same on several hosts. */
export interface SharedSecretResource {
  readonly kind: "shared-secret";
  /** In the vault: `ca`, `etcd-ca`, `front-proxy-ca`, `sa`. */
  readonly name: string;
  /** Of an authority's certificate. */
  readonly commonName?: string;
  readonly certificatePath?: string;
  readonly keyPath: string;
  readonly publicKeyPath?: string;
  readonly algorithm: KeyAlgorithm;
  readonly validityDays: number;
}

export interface ObservedSharedSecret {
  readonly key: ObservedSecretFile | undefined;
  readonly certificate: ObservedSecretFile | undefined;
  readonly publicKey: ObservedSecretFile | undefined;
}

/** A shared secret resource. */
export function sharedSecret(secret: Omit<SharedSecretResource, "kind">): SharedSecretResource {
  return { kind: "shared-secret", ...secret };
}

const parts = ["key", "certificate", "publicKey"] as const;
type Part = (typeof parts)[number];

export const sharedSecretKind: HostKind<SharedSecretResource, ObservedSharedSecret> = {
  kind: "shared-secret",
  id: ({ name }) => `shared-secret:${name}`,
  observe: (resource) => observeFiles(filesOf(resource).map(({ path }) => path)),
  parse(resource, { stdout }) {
    const files = parseFiles(stdout);
    const found = new Map(filesOf(resource).map(({ part }, index) => [part, files[index]]));
    return { key: found.get("key"), certificate: found.get("certificate"), publicKey: found.get("publicKey") };
  },
  learn(resource, observed, vault) {
    if (vault.get(resource.name)?.key !== undefined) return;
    const material = materialOf(resource, observed);
    if (material?.key !== undefined || (material !== undefined && !vault.has(resource.name))) vault.put(resource.name, material);
  },
  compare(resource, observed, { vault }) {
    const known = vault.get(resource.name);
    if (parts.every((part) => observed[part] === undefined)) {
      return [{ what: resource.name, to: known === undefined ? "new" : "the one of the other hosts" }];
    }
    const conflict = findConflict(resource, observed, known);
    if (conflict !== undefined) return [conflict];
    const files = filesHere(resource, known);
    const missing = files.filter((file) => needsWriting(file.part, observed)).map(({ path }) => ({ what: path, to: "present" }));
    return [
      ...missing,
      ...compareModes(
        files,
        files.map(({ part }) => observed[part]),
      ),
    ];
  },
  obstacles(resource, { certificate }, { vault, now }) {
    const isElsewhere = vault.get(resource.name)?.key === undefined;
    return isElsewhere && certificate !== undefined ? externalObstacles(resource, certificate.content.reveal(), now) : [];
  },
  async change(items, { vault, now }) {
    const fragments = await Promise.all(items.map((item) => changeOne(item, vault, now)));
    return writeFiles(
      fragments.flatMap(({ files }) => files),
      fragments.flatMap(({ modes }) => modes),
    );
  },
  before: ({ key, certificate }) => attributesOf(certificate ?? key),
};

/** A key pair that is complete, or the certificate of an authority alone, whose key may be elsewhere; else undefined. */
function materialOf(resource: SharedSecretResource, { key, certificate }: ObservedSharedSecret): Material | undefined {
  const certificatePem = certificate?.content.reveal();
  if (key === undefined) {
    return certificatePem === undefined || fingerprintsOf(certificatePem) === "" ? undefined : { certificate: certificatePem };
  }
  const publicKey = publicKeyIfReadable(key.content);
  if (publicKey === undefined) return undefined;
  if (resource.certificatePath === undefined) return { key: key.content, publicKey };
  if (certificatePem === undefined || !isKeyOf(certificatePem, key.content)) return undefined;
  return { certificate: certificatePem, key: key.content, publicKey };
}

/** What cannot be put right without losing something: two hosts that disagree, or parts that do not belong together. */
function findConflict(resource: SharedSecretResource, observed: ObservedSharedSecret, known: Material | undefined): Difference | undefined {
  const { key, certificate } = observed;
  const what = "conflict";
  if (key !== undefined && publicKeyIfReadable(key.content) === undefined) return { what, from: `${resource.keyPath} cannot be read` };
  const certificatePem = certificate?.content.reveal();
  const marks = certificatePem === undefined ? undefined : fingerprintsOf(certificatePem);
  if (marks === "") return { what, from: `${resource.certificatePath} cannot be read` };
  if (certificatePem !== undefined && key !== undefined && !isKeyOf(certificatePem, key.content)) {
    return { what, from: `${resource.keyPath} does not belong to ${resource.certificatePath}` };
  }
  if (known === undefined) return undefined;
  if (marks !== undefined && known.certificate !== undefined && marks !== fingerprintsOf(known.certificate)) {
    return { what, from: marks, to: fingerprintsOf(known.certificate) };
  }
  if (key !== undefined && known.key !== undefined && publicKeyOf(key.content) !== publicKeyOf(known.key)) {
    return { what, from: `${resource.keyPath} is another key than on the other hosts` };
  }
  return undefined;
}

/** An authority whose key is elsewhere is renewed there. */
function externalObstacles({ certificatePath: path }: SharedSecretResource, certificatePem: string, now: Date): readonly Obstacle[] {
  if (fingerprintsOf(certificatePem) === "") return [];
  const expected = "Its key is on no control plane, so it has to hold the certificate of the CA that is kept elsewhere";
  const hint = "put the certificate of that CA in its place, its own first where there are several, then run the same command again";
  const { isCa, notBefore, notAfter } = readCertificate(certificatePem);
  if (!isCa) return [{ message: `${path} is not the certificate of a CA. ${expected}`, hint }];
  return isInTime(certificatePem, now)
    ? []
    : [{ message: `${path} is valid from ${notBefore.toISOString()} to ${notAfter.toISOString()}. ${expected}`, hint }];
}

async function changeOne({ resource, observed, differences }: Item<SharedSecretResource, ObservedSharedSecret>, vault: Vault, now: Date) {
  // looked at again: the vault may have learned of another host since the plan was made
  const conflict = differences.find(({ what }) => what === "conflict") ?? findConflict(resource, observed, vault.get(resource.name));
  if (conflict !== undefined) {
    const detail = [conflict.from, conflict.to].filter((text) => text !== undefined).join(", the other hosts have ");
    throw new KbootError("conflict", `${resource.name} of this host is not that of the cluster: ${detail}`, {
      hint: `move what is wrong out of ${dirname(resource.keyPath)} after you have made sure which one the cluster uses, then run the same command again`,
    });
  }
  let material = vault.get(resource.name);
  if (material === undefined) {
    material = await makeMaterial(resource, observed.key?.content, now);
    vault.put(resource.name, material);
  }
  const files: FileToWrite[] = [];
  const modes: { path: string; mode: string }[] = [];
  for (const { part, path, mode } of filesHere(resource, material)) {
    if (needsWriting(part, observed)) files.push({ path, mode, content: contentOf(material, part) });
    else modes.push({ path, mode });
  }
  return { files, modes };
}

/** A key that is already there is kept: what it signed stays valid. */
async function makeMaterial(resource: SharedSecretResource, found: Secret | undefined, now: Date): Promise<Material> {
  const { commonName, algorithm, validityDays } = resource;
  const key = found ?? (await generateKeys(algorithm)).key;
  const publicKey = publicKeyOf(key);
  if (commonName === undefined) return { key, publicKey };
  const { certificatePem } = await issueCa({ commonName, algorithm, validityDays, now, key });
  return { certificate: certificatePem, key, publicKey };
}

function contentOf(material: Material, part: Part): string | Secret {
  const content = part === "publicKey" && material.key !== undefined ? publicKeyOf(material.key) : material[part];
  if (content === undefined) throw new Error(`the vault's material has no ${part}`);
  return content;
}

/** A public key that is not the key's own is written again: it follows from the key. */
function needsWriting(part: Part, observed: ObservedSharedSecret): boolean {
  const found = observed[part];
  if (found === undefined) return true;
  if (part !== "publicKey" || observed.key === undefined) return false;
  return found.content.reveal().trim() !== publicKeyOf(observed.key.content).trim();
}

/** Those that a host shall have: where the key of an authority is elsewhere, its certificate alone. */
function filesHere(resource: SharedSecretResource, known: Material | undefined): ReturnType<typeof filesOf> {
  const isElsewhere = known !== undefined && known.key === undefined;
  return isElsewhere ? filesOf(resource).filter(({ part }) => part !== "key") : filesOf(resource);
}

/** The key first: a certificate without its key is never the trace of a run that was cut off. */
function filesOf({ keyPath, certificatePath, publicKeyPath }: SharedSecretResource): readonly { part: Part; path: string; mode: string }[] {
  return [
    { part: "key", path: keyPath, mode: "0600" },
    ...(certificatePath === undefined ? [] : [{ part: "certificate", path: certificatePath, mode: "0644" } as const]),
    ...(publicKeyPath === undefined ? [] : [{ part: "publicKey", path: publicKeyPath, mode: "0600" } as const]),
  ];
}

function publicKeyIfReadable(key: Secret): string | undefined {
  try {
    return publicKeyOf(key);
  } catch {
    return undefined;
  }
}
