import { createHash, createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { Address6 } from "ip-address";
import type { Secret } from "../secret.ts";
import { usageIds } from "./usages.ts";

/** What a certificate says. */
export interface CertificateDescription {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  /** IPv6 in its short form. */
  readonly ipAddresses: readonly string[];
  /** Extended key usages by name; unknown ones by their object identifier. */
  readonly usages: readonly string[];
  readonly isCa: boolean;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Common name of the signer. */
  readonly issuer: string;
  /** As in `kubeadm join --discovery-token-ca-cert-hash`. */
  readonly publicKeyPin: string;
  /** SHA-256 of the certificate, as OpenSSL shows it. */
  readonly fingerprint: string;
}

const usageNames = new Map<string, string>(Object.entries(usageIds).map(([name, id]) => [id, name]));

/** Describes the first certificate of a PEM; throws when there is none. */
export function readCertificate(pem: string): CertificateDescription {
  const certificate = new X509Certificate(pem);
  const subject = certificate.toLegacyObject().subject;
  const names = (certificate.subjectAltName ?? "").split(", ");
  const valuesOf = (prefix: string) => names.flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
  return {
    commonName: listOf(subject?.CN)[0] ?? "",
    organizations: listOf(subject?.O),
    dnsNames: valuesOf("DNS:"),
    ipAddresses: valuesOf("IP Address:").map(shortAddress),
    usages: (certificate.keyUsage ?? []).map((id) => usageNames.get(id) ?? id),
    isCa: certificate.ca,
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    issuer: listOf(certificate.toLegacyObject().issuer?.CN)[0] ?? "",
    publicKeyPin: pinOf(certificate.publicKey),
    fingerprint: certificate.fingerprint256,
  };
}

/** All certificates of a PEM, each as a PEM of its own. */
export function splitCertificates(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? [];
}

/** SHA-256 of each certificate of a PEM, in their order; empty for text without a readable one. */
export function fingerprintsOf(pem: string): string {
  try {
    return splitCertificates(pem)
      .map((certificate) => new X509Certificate(certificate).fingerprint256)
      .join(", ");
  } catch {
    return "";
  }
}

/**
 * The pin of a CA by which joining nodes know it: `sha256:` and the hash of the DER of its public key
 * (kubernetes.io, kubeadm join, token-based discovery). `pem` is a certificate.
 */
export function publicKeyPin(pem: string): string {
  return pinOf(new X509Certificate(pem).publicKey);
}

/** True when the PEM of a private key is that of the certificate. Unreadable text is not. */
export function isKeyOf(certificatePem: string, key: Secret): boolean {
  try {
    return new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(key.reveal()));
  } catch {
    return false;
  }
}

/** True when one of the certificates in `authorityPem` signed this one. Unreadable ones have signed nothing. */
export function isSignedBy(certificatePem: string, authorityPem: string): boolean {
  const certificate = new X509Certificate(certificatePem);
  return splitCertificates(authorityPem).some((pem) => {
    try {
      const authority = new X509Certificate(pem);
      return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
    } catch {
      return false;
    }
  });
}

/** An IP address in the one form in which it is compared. */
export function shortAddress(address: string): string {
  return isIP(address) === 6 ? new Address6(address).correctForm() : address;
}

function pinOf(key: KeyObject): string {
  return `sha256:${createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("hex")}`;
}

function listOf(value: string | string[] | undefined): readonly string[] {
  return value === undefined ? [] : [value].flat();
}

/** DER of the object identifier 2.5.4.3. */
const commonNameId = Buffer.from("0603550403", "hex");
/** Of UTF8String and PrintableString. */
const textTags = [0x0c, 0x13];

/**
 * True when a request for a certificate (PEM) asks for this common name, of at most 255 bytes. Node reads no requests: it is the bytes of the
 * name, with type and length, that are looked for.
 */
export function asksFor(requestPem: string, commonName: string): boolean {
  const [, body = ""] = /-----BEGIN CERTIFICATE REQUEST-----([^-]+)-----END/.exec(requestPem) ?? [];
  const der = Buffer.from(body, "base64");
  const name = Buffer.from(commonName);
  const length = name.length < 0x80 ? [name.length] : [0x81, name.length];
  return textTags.some((tag) => der.includes(Buffer.concat([commonNameId, Buffer.of(tag, ...length), name])));
}

/** The node that a kubelet's certificate is for; undefined for any other certificate, and for what is none. */
export function nodeOfCertificate(pem: string): string | undefined {
  try {
    return /^system:node:(.+)$/.exec(readCertificate(pem).commonName)?.[1];
  } catch {
    return undefined;
  }
}
