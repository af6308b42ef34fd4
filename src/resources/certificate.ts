import { type HostKind, type Item, isAttribute } from "../engine/contracts.ts";
import type { Vault } from "../engine/vault.ts";
import { KbootError } from "../errors.ts";
import { type CertificateWish, issueCertificate, type KeyAndCertificate } from "../pki/issue.ts";
import { judgeCertificate } from "../pki/judge.ts";
import type { KeyAlgorithm } from "../pki/keys.ts";
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
    const signer = vault.get(resource.signer)?.certificate;
    const { key, certificate: found } = observed;
    if (signer === undefined) return [{ what: "certificate", to: `new, signed by the new ${resource.signer}` }];
    if (found === undefined || key === undefined) return [{ what: "certificate", to: `new, signed by ${resource.signer}` }];
    const modes = compareModes(filesOf(resource), [key, found]);
    return [...judgeCertificate(resource, found.content.reveal(), key.content, signer, now), ...modes];
  },
  async change(items, { vault, now }) {
    const isIssued = (item: Item<CertificateResource, ObservedCertificate>) => !item.differences.every(isAttribute);
    const files = await Promise.all(
      items.filter(isIssued).map(async ({ resource }) => {
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

/** The authority with its key; without it nothing can be signed (kubeadm calls that an external CA). */
export function needAuthority(vault: Vault, name: string): KeyAndCertificate {
  const { certificate: certificatePem, key } = vault.need(name);
  if (certificatePem === undefined || key === undefined) {
    throw new KbootError("conflict", `the key of ${name} is on no control plane that was reached, so nothing can be signed`, {
      hint: "put the key beside its certificate where certificates are on one control plane",
    });
  }
  return { certificatePem, key };
}

function filesOf({ keyPath, certificatePath }: CertificateResource) {
  return [
    { path: keyPath, mode: "0600" },
    { path: certificatePath, mode: "0644" },
  ];
}
