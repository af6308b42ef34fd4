import { stat } from "node:fs/promises";
import { KbootError } from "../../errors.ts";
import { issueCertificate, type KeyAndCertificate } from "../../pki/issue.ts";
import { readCertificate } from "../../pki/read.ts";
import { replaceCredential } from "../../pki/replace-credential.ts";
import type { UsageName } from "../../pki/usages.ts";
import { Secret } from "../../secret.ts";
import { followLinks, isMissing, type PreparedFile, prepareFile } from "../replace-file.ts";
import { isFile, type LocalAuthority, pathOf, readAuthority, readManaged, readText } from "./files.ts";
import { authorityBases, type ManagedCertificate, managedCertificates } from "./managed.ts";
import { type CertificateOptions, type CertificateSettings, loadSettings } from "./settings.ts";

const dayMs = 24 * 60 * 60 * 1000;

/**
 * `kboot certs renew NAME|all`, whenever they expire: a new key, all that the certificate says but its time. Repeating it is safe. What
 * is printed is what kubeadm prints; what to restart after one certificate is told on stderr, since kubeadm tells it only after all.
 */
export async function renewCertificates(
  given: Record<string, unknown>,
  signal: AbortSignal,
  [wanted = ""]: readonly string[] = [],
): Promise<void> {
  const lines: string[] = [];
  const settings = await loadSettings(given as unknown as CertificateOptions, (line) => lines.push(`[renew] ${line}\n`), signal);
  if (lines.length > 0) process.stdout.write(`${lines.join("")}\n`);
  const chosen = managedCertificates(settings.hasLocalEtcd).filter(({ name }) => wanted === "all" || name === wanted);
  if (chosen.length === 0) {
    throw new KbootError("usage", `${wanted} is not a certificate of this cluster, whose etcd runs elsewhere`, {
      hint: "kboot certs check-expiration",
    });
  }
  for (const certificate of chosen) {
    signal.throwIfAborted();
    const isRenewed = await renew(certificate, settings);
    if (isRenewed && wanted !== "all") tellRestart(certificate);
  }
  if (wanted === "all") {
    process.stdout.write(
      "\nDone renewing certificates. You must restart the kube-apiserver, kube-controller-manager, kube-scheduler and etcd, so that they can use the new certificates.\n",
    );
  }
}

function tellRestart({ name, usedBy }: ManagedCertificate): void {
  process.stderr.write(
    usedBy === undefined
      ? `whoever has a copy of ${name} needs the new one before the old one expires\n`
      : `restart ${usedBy}, so that it uses the new certificate\n`,
  );
}

async function renew(certificate: ManagedCertificate, settings: CertificateSettings): Promise<boolean> {
  const { title, authority } = certificate;
  const isThere = await isFile(pathOf(certificate, settings));
  const ca = isThere ? await readAuthority(authority, settings) : undefined;
  if (ca?.key !== undefined) await issueAnew(certificate, { ...ca, key: ca.key }, settings);
  process.stdout.write(
    ca === undefined
      ? `MISSING! ${title}\n`
      : ca.key === undefined
        ? `Detected external ${authorityBases[authority]}, ${title} can't be renewed\n`
        : `${title} renewed\n`,
  );
  return ca?.key !== undefined;
}

async function issueAnew(
  certificate: ManagedCertificate,
  ca: LocalAuthority & KeyAndCertificate,
  settings: CertificateSettings,
): Promise<void> {
  const { commonName, organizations, usages, dnsNames, ipAddresses } = readCertificate(await readManaged(certificate, settings));
  const issued = await issueCertificate(
    {
      commonName,
      organizations,
      usages: usages as readonly UsageName[],
      dnsNames: [...new Set(dnsNames)].sort(),
      ipAddresses,
      now: new Date(),
      validityDays: settings.validityMs / dayMs,
      algorithm: settings.algorithm,
    },
    ca,
  );
  const path = pathOf(certificate, settings);
  if (certificate.base === undefined) return replaceAll([{ path, content: await withCredential(path, ca, issued), mode: 0o600 }]);
  const keyPath = path.replace(/\.crt$/, ".key");
  await replaceAll([
    { path: keyPath, content: issued.key, mode: 0o600 },
    { path, content: new Secret(issued.certificatePem), mode: 0o644 },
  ]);
}

async function withCredential(path: string, { certificatePem: caCert }: LocalAuthority, issued: KeyAndCertificate): Promise<Secret> {
  const text = replaceCredential(new Secret(await readText(path)), { caCert, ...issued });
  if (text === undefined)
    throw new KbootError("pki", `${path} is not a kubeconfig with a cluster and a user`, { hint: "put the right file in its place" });
  return text;
}

interface NewFile {
  readonly path: string;
  readonly content: Secret;
  /** For a file that is not there yet; else its mode stays. */
  readonly mode: number;
}

/** All are written before the first takes its place, so that a full disk leaves key and certificate as they were. */
async function replaceAll(files: readonly NewFile[]): Promise<void> {
  const ready: PreparedFile[] = [];
  try {
    for (const { path, content, mode } of files) {
      const real = await followLinks(path);
      const found = await stat(real).catch((error: unknown) => {
        if (isMissing(error)) return undefined;
        throw error;
      });
      ready.push(await prepareFile(real, content.reveal(), found === undefined ? mode : found.mode & 0o777));
    }
  } catch (cause) {
    for (const file of ready) await file.discard();
    throw new KbootError("pki", `cannot write ${files.map(({ path }) => path).join(" and ")}: ${(cause as Error).message}`, {
      hint: "all is as it was before; make room or give the right to write, then run the same command again",
      cause,
    });
  }
  for (const file of ready) await file.put();
}
