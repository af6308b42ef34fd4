import type { Difference, Obstacle } from "../engine/contracts.ts";
import { KbootError } from "../errors.ts";
import type { CertificateWish } from "../pki/issue.ts";
import { judgeCertificate, judgeExternalCertificate } from "../pki/judge.ts";
import type { Secret } from "../secret.ts";

const hint =
  "have it issued by the CA that you keep elsewhere: `kboot certs generate-csr --cert-dir DIR --kubeconfig-dir DIR` makes keys and requests; put the results in place, then run the same command again. A host that was a node of another cluster: `kboot reset` there first";

/** A certificate of a CA whose key is elsewhere, in a file that somebody else has to put there. */
export interface ExternalCertificate {
  readonly path: string;
  /** `ca`, as the vault names it. */
  readonly signer: string;
  readonly wish: CertificateWish;
}

/** A certificate as it was found, and the one of its authority. */
export interface FoundCertificate {
  readonly certificatePem: string;
  readonly key: Secret;
  readonly authorityPem: string;
}

/** The obstacle of a file that is not there, or holds no certificate with its key. */
export function missing(path: string, certificate: ExternalCertificate, how = "is missing"): Obstacle {
  return { message: `${path} ${how}. ${expected(certificate)}`, hint };
}

/** What makes a certificate useless; of a good one, that it ends soon. */
export function obstaclesOf(certificate: ExternalCertificate, found: FoundCertificate, now: Date): readonly Obstacle[] {
  const { path, wish } = certificate;
  const judged = [wish, found.certificatePem, found.key, found.authorityPem, now] as const;
  const shortfalls = judgeExternalCertificate(...judged);
  if (shortfalls.length > 0) return [missing(path, certificate, `is of no use: ${shortfalls.map(say).join("; ")}`)];
  const ending = judgeCertificate(...judged).find(({ what }) => what === "expiry");
  return ending === undefined ? [] : [{ ...missing(path, certificate, ending.from), isAhead: true }];
}

/** How a plan says that a certificate is wished that kboot cannot make. */
export const givenCertificate: Difference = { what: "certificate", to: "issued by the CA that is kept elsewhere" };

/** The first of them that is in the way now. */
export function inTheWay(obstacles: readonly Obstacle[]): Obstacle | undefined {
  return obstacles.find(({ isAhead = false }) => !isAhead);
}

/** Throws KbootError `external-certificate` where something is in the way now. */
export function assertFree(obstacles: readonly Obstacle[]): void {
  const found = inTheWay(obstacles);
  if (found !== undefined) throw new KbootError("external-certificate", found.message, { hint: found.hint });
}

function say({ what, from, to }: Difference): string {
  if (what === "expiry" || what === "signer") return from ?? what;
  return `${what} ${from === "" ? "none" : from}${to === undefined ? "" : `, not ${to}`}`;
}

function expected({ signer, wish: { commonName, organizations = [], dnsNames, ipAddresses, usages } }: ExternalCertificate): string {
  const names = [...dnsNames, ...ipAddresses];
  return [
    `The key of ${signer} is on no control plane, so it has to hold a certificate of that CA with the common name ${commonName}`,
    ...(organizations.length === 0 ? [] : [`the organization ${organizations.join(", ")}`]),
    ...(names.length === 0 ? [] : [`the SANs ${names.join(", ")}`]),
    `the usages ${usages.join(", ")}`,
  ].join(", ");
}
