import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { KbootError } from "../../errors.ts";
import { readKubeconfig } from "../../pki/kubeconfig.ts";
import { type CertificateDescription, isKeyOf, isSignedBy, readCertificate, splitCertificates } from "../../pki/read.ts";
import { Secret } from "../../secret.ts";
import { isMissing } from "../replace-file.ts";
import { type AuthorityName, authorityBases, type ManagedCertificate, managedCertificates } from "./managed.ts";
import type { CertificateSettings } from "./settings.ts";

/** An authority of this machine. */
export interface LocalAuthority {
  /** PEM of the first certificate of the file, which is the signer. */
  readonly certificatePem: string;
  readonly description: CertificateDescription;
  /** Undefined: somebody else signs. */
  readonly key: Secret | undefined;
}

/** Path of the file that tells whether a certificate is there. */
export function pathOf({ name, base }: Pick<ManagedCertificate, "name" | "base">, settings: CertificateSettings): string {
  return base === undefined ? join(settings.kubeconfigDir, name) : join(settings.certificatesDir, `${base}.crt`);
}

export async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isMissing(error)) return false;
    throw unreadable(path, error);
  }
}

/** The certificate, of a kubeconfig that of its current context. PEM. Throws KbootError `pki` for a file that holds none. */
export async function readManaged(certificate: ManagedCertificate, settings: CertificateSettings): Promise<string> {
  const path = pathOf(certificate, settings);
  const text = await readText(path);
  if (certificate.base !== undefined) return firstCertificate(path, text);
  const { certificatePem, caCert } = readKubeconfig(new Secret(text)) ?? {};
  if (certificatePem === undefined || caCert === undefined)
    throw wrong(path, "is not a kubeconfig with an embedded CA and client certificate");
  return firstCertificate(path, certificatePem);
}

/**
 * An authority. Where its key is missing somebody else signs, and then all that it signs must be there and be its own
 * (kubeadm/app/phases/certs, UsingExternalCA, v1.36). Throws KbootError `pki`.
 */
export async function readAuthority(name: AuthorityName, settings: CertificateSettings): Promise<LocalAuthority> {
  const path = join(settings.certificatesDir, `${authorityBases[name]}.crt`);
  const certificatePem = firstCertificate(path, await readText(path));
  const description = readCertificate(certificatePem);
  if (!description.isCa) throw wrong(path, "is not the certificate of an authority");
  const keyPath = path.replace(/\.crt$/, ".key");
  const key = (await isFile(keyPath)) ? new Secret(await readText(keyPath)) : undefined;
  if (key !== undefined && !isKeyOf(certificatePem, key)) throw wrong(keyPath, `is not the key of ${path}`);
  if (key === undefined) await assertSigned(name, certificatePem, settings);
  return { certificatePem, description, key };
}

async function assertSigned(name: AuthorityName, authorityPem: string, settings: CertificateSettings): Promise<void> {
  for (const { base, authority } of managedCertificates(settings.hasLocalEtcd)) {
    if (authority !== name || base === undefined) continue;
    const path = join(settings.certificatesDir, `${base}.crt`);
    const certificatePem = firstCertificate(path, await readText(path));
    if (!isKeyOf(certificatePem, new Secret(await readText(path.replace(/\.crt$/, ".key"))))) {
      throw wrong(path.replace(/\.crt$/, ".key"), `is not the key of ${path}`);
    }
    if (!isSignedBy(certificatePem, authorityPem)) {
      throw wrong(path, `is not signed by ${join(settings.certificatesDir, `${authorityBases[name]}.crt`)}, whose key is not here`);
    }
  }
}

function firstCertificate(path: string, text: string): string {
  const [first] = splitCertificates(text);
  try {
    if (first !== undefined) readCertificate(first);
  } catch (cause) {
    throw wrong(path, `holds a certificate that cannot be read: ${(cause as Error).message}`);
  }
  if (first === undefined) throw wrong(path, "holds no certificate");
  return first;
}

/** Throws KbootError `pki` when the file cannot be read. */
export async function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
}

function unreadable(path: string, cause: unknown): KbootError {
  return new KbootError("pki", `cannot read ${path}: ${(cause as Error).message}`, {
    hint: "run this as root on a control plane, or name the folder with --cert-dir",
    cause,
  });
}

function wrong(path: string, message: string): KbootError {
  return new KbootError("pki", `${path} ${message}`, { hint: "put the right file in its place, or name another folder with --cert-dir" });
}
