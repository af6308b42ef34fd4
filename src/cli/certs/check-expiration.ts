import { join } from "node:path";
import { type Expiration, type ExpirationForm, printExpirations } from "../../kubernetes/print-expiration.ts";
import { readCertificate } from "../../pki/read.ts";
import { isFile, pathOf, readAuthority, readManaged } from "./files.ts";
import { authorityBases, managedAuthorities, managedCertificates } from "./managed.ts";
import { type CertificateOptions, type CertificateSettings, loadSettings } from "./settings.ts";

/** `kboot certs check-expiration` */
export async function checkExpiration(given: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  const { output, ...options } = given as unknown as CertificateOptions & { readonly output: ExpirationForm };
  const lines: string[] = [];
  const settings = await loadSettings(options, (line) => lines.push(`[check-expiration] ${line}\n`), signal);
  if (output === "text" && lines.length > 0) process.stdout.write(`${lines.join("")}\n`);
  process.stdout.write(printExpirations(await readExpirations(settings), output, new Date()));
}

async function readExpirations(settings: CertificateSettings) {
  const certificates: Expiration[] = [];
  for (const certificate of managedCertificates(settings.hasLocalEtcd)) {
    const { name, authority } = certificate;
    if (!(await isFile(pathOf(certificate, settings)))) certificates.push({ name });
    else {
      const { key } = await readAuthority(authority, settings);
      const { notAfter } = readCertificate(await readManaged(certificate, settings));
      certificates.push({ name, found: { notAfter, isExternal: key === undefined, authority } });
    }
  }
  const authorities: Expiration[] = [];
  for (const name of managedAuthorities(settings.hasLocalEtcd)) {
    if (!(await isFile(join(settings.certificatesDir, `${authorityBases[name]}.crt`)))) authorities.push({ name });
    else {
      const { key, description } = await readAuthority(name, settings);
      authorities.push({ name, found: { notAfter: description.notAfter, isExternal: key === undefined } });
    }
  }
  return { certificates, authorities };
}
