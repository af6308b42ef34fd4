import type { Difference } from "../engine/contracts.ts";
import type { Secret } from "../secret.ts";
import type { CertificateWish } from "./issue.ts";
import { type CertificateDescription, isKeyOf, isSignedBy, readCertificate, shortAddress } from "./read.ts";

const dayMs = 24 * 60 * 60 * 1000;
/** Renewed when this much of its life is left, or a third of a shorter life. */
const renewDays = 30;

/** How a certificate falls short of the wish. SANs beyond the wish are left alone: an operator may have added them. `key`: where it was read. */
export function judgeCertificate(
  wish: CertificateWish,
  certificatePem: string,
  key: Secret | undefined,
  authorityPem: string,
  now: Date,
): readonly Difference[] {
  let found: CertificateDescription;
  try {
    found = readCertificate(certificatePem);
  } catch {
    return [{ what: "certificate", from: "cannot be read" }];
  }
  const differences = [...judgeSubject(wish, found), ...judgeNames(wish, found), ...judgeTimes(found, now)];
  if (!isSignedBy(certificatePem, authorityPem)) differences.push({ what: "signer", from: `signed by another CA (${found.issuer})` });
  if (key !== undefined && !isKeyOf(certificatePem, key)) differences.push({ what: "key", from: "does not belong to the certificate" });
  return differences;
}

/** What a kubelet asks for: the certificate of its node. */
export function kubeletWish(nodeName: string): CertificateWish {
  return { commonName: `system:node:${nodeName}`, organizations: ["system:nodes"], usages: ["clientAuth"], dnsNames: [], ipAddresses: [] };
}

/** As `judgeCertificate`, of a client certificate of a kubelet, which renews it in time: one that ends soon is in order. */
export const judgeKubeletCertificate: typeof judgeCertificate = (wish, certificatePem, key, authorityPem, now) =>
  judgeCertificate(wish, certificatePem, key, authorityPem, now).filter(({ what }) => what !== "expiry" || !isInTime(certificatePem, now));

/**
 * As `judgeCertificate`, of a certificate that somebody else has made: it may be good for more than is wished, without extended key usages for
 * anything, and one that ends soon is in order.
 */
export const judgeExternalCertificate: typeof judgeCertificate = (wish, certificatePem, key, authorityPem, now) => {
  const holdsAll = (found: readonly string[], wished: readonly string[]) => wished.every((value) => found.includes(value));
  return judgeCertificate(wish, certificatePem, key, authorityPem, now).filter(({ what }) => {
    if (what === "certificate") return true;
    const found = readCertificate(certificatePem);
    if (what === "expiry") return !isInTime(certificatePem, now);
    if (what === "organization") return !holdsAll(found.organizations, wish.organizations ?? []);
    return what !== "usages" || (found.usages.length > 0 && !holdsAll(found.usages, wish.usages));
  });
};

/** Whether a certificate is valid at that time. */
export function isInTime(certificatePem: string, now: Date): boolean {
  const { notBefore, notAfter } = readCertificate(certificatePem);
  return notBefore <= now && now < notAfter;
}

function judgeSubject(wish: CertificateWish, found: CertificateDescription): Difference[] {
  const compare = (what: string, from: readonly string[], to: readonly string[]): Difference[] =>
    from.length === to.length && to.every((value) => from.includes(value)) ? [] : [{ what, from: from.join(", "), to: to.join(", ") }];
  return [
    ...compare("common name", [found.commonName], [wish.commonName]),
    ...compare("organization", found.organizations, wish.organizations ?? []),
    ...compare("usages", found.usages, wish.usages),
  ];
}

function judgeNames(wish: CertificateWish, found: CertificateDescription): Difference[] {
  const missing = [
    ...wish.dnsNames.filter((name) => !found.dnsNames.includes(name)),
    ...wish.ipAddresses.map(shortAddress).filter((address) => !found.ipAddresses.includes(address)),
  ];
  return missing.map((name) => ({ what: "SAN", from: `lacks ${name}` }));
}

function judgeTimes({ notBefore, notAfter }: CertificateDescription, now: Date): Difference[] {
  const leftMs = notAfter.getTime() - now.getTime();
  const renewMs = Math.min(renewDays * dayMs, (notAfter.getTime() - notBefore.getTime()) / 3);
  if (now < notBefore) return [{ what: "expiry", from: `not valid before ${notBefore.toISOString()}` }];
  if (leftMs <= 0) return [{ what: "expiry", from: `expired ${inDays(-leftMs)} ago` }];
  return leftMs > renewMs ? [] : [{ what: "expiry", from: `expires in ${inDays(leftMs)}` }];
}

function inDays(durationMs: number): string {
  const days = Math.floor(durationMs / dayMs);
  return days === 1 ? "1 day" : `${days} days`;
}
