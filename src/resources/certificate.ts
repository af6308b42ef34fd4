import { type CompareContext, type HostKind, type Item, isAttribute, type Obstacle } from "../engine/contracts.ts";
import type { Vault } from "../engine/vault.ts";
import { type CertificateWish, issueCertificate, type KeyAndCertificate } from "../pki/issue.ts";
import { judgeCertificate } from "../pki/judge.ts";
import type { KeyAlgorithm } from "../pki/keys.ts";
import { assertFree, givenCertificate, inTheWay, missing, obstaclesOf } from "./external-certificate.ts";
import { attributesOf, compareModes, type ObservedSecretFile, observeFiles, parseFiles } from "./observe-files.ts";
import { writeFiles } from "./write-files.ts";

/** A certificate of one host, with a key that never leaves it. */
export interface CertificateResource extends CertificateWish {
  readonly kind: "certificate";
  readonly name: string;
  /** Name of the authority in the vault. */
  readonly signer: string;
  readonly certificatePath: string;
  readonly keyPath: string;
  /** For new keys; those that are there are left alone until they are renewed, and so it is with the validity. */
  readonly algorithm: KeyAlgorithm;
  readonly validityDays: number;
}

export interface ObservedCertificate {
  readonly key: ObservedSecretFile | undefined;
  readonly certificate: ObservedSecretFile | undefined;
}

export const certificateKind: HostKind<CertificateResource, ObservedCertificate> = {
  kind: "certificate",
  id: ({ name }) => `certificate:${name}`,
  observe: (resource) => observeFiles(filesOf(resource).map(({ path }) => path)),
  parse(_resource, { stdout }) {
    const [key, found] = parseFiles(stdout);
    return { key, certificate: found };
  },
  compare(resource, observed, { vault, now }) {
    const { key, certificate: found } = observed;
    const modes = compareModes(filesOf(resource), [key, found]);
    if (isExternal(vault, resource.signer)) {
      return inTheWay(externalObstacles(resource, observed, { vault, now })) === undefined ? modes : [givenCertificate];
    }
    const signer = vault.get(resource.signer)?.certificate;
    if (signer === undefined) return [{ what: "certificate", to: `new, signed by the new ${resource.signer}` }];
    if (found === undefined || key === undefined) return [{ what: "certificate", to: `new, signed by ${resource.signer}` }];
    return [...judgeCertificate(resource, found.content.reveal(), key.content, signer, now), ...modes];
  },
  obstacles(resource, observed, context) {
    return isExternal(context.vault, resource.signer) ? externalObstacles(resource, observed, context) : [];
  },
  async change(items, { vault, now }) {
    const isIssued = (item: Item<CertificateResource, ObservedCertificate>) => !item.differences.every(isAttribute);
    const files = await Promise.all(
      items.filter(isIssued).map(async ({ resource, observed }) => {
        if (isExternal(vault, resource.signer)) assertFree(externalObstacles(resource, observed, { vault, now }));
        const issued = await issueCertificate({ ...resource, now }, needAuthority(vault, resource.signer));
        const contents = [issued.key, issued.certificatePem];
        return filesOf(resource).map((file, index) => ({ ...file, content: contents[index] ?? "" }));
      }),
    );
    return writeFiles(
      files.flat(),
      items.filter((item) => !isIssued(item)).flatMap(({ resource }) => filesOf(resource)),
    );
  },
  before: ({ certificate: found, key }) => attributesOf(found ?? key),
};

function externalObstacles(
  resource: CertificateResource,
  observed: ObservedCertificate,
  { vault, now }: Pick<CompareContext, "vault" | "now">,
): readonly Obstacle[] {
  const { certificatePath: path, keyPath, signer } = resource;
  const wanted = { path, signer, wish: resource };
  const { key, certificate: found } = observed;
  if (found === undefined) return [missing(path, wanted)];
  if (key === undefined) return [missing(keyPath, wanted)];
  const authorityPem = vault.need(signer).certificate ?? "";
  return obstaclesOf(wanted, { certificatePem: found.content.reveal(), key: key.content, authorityPem }, now);
}

/** True for an authority whose key is on no control plane that was reached, as kubeadm has it too: what it has signed is judged, and never made. */
export function isExternal(vault: Vault, authority: string): boolean {
  const known = vault.get(authority);
  return known?.certificate !== undefined && known.key === undefined;
}

/** The authority with its key. */
export function needAuthority(vault: Vault, name: string): KeyAndCertificate {
  const { certificate: certificatePem, key } = vault.need(name);
  if (certificatePem === undefined || key === undefined) throw new Error(`the vault holds no key of ${name}`);
  return { certificatePem, key };
}

function filesOf({ keyPath, certificatePath }: CertificateResource) {
  return [
    { path: keyPath, mode: "0600" },
    { path: certificatePath, mode: "0644" },
  ];
}
