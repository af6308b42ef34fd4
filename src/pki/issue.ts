import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import type { Secret } from "../secret.ts";
import type { Authority, SignatureScheme } from "./certificate-asn1.ts";
import { generateKeys, type KeyAlgorithm } from "./keys.ts";
import type { UsageName } from "./usages.ts";

/** What a certificate shall say, but for its times. */
export interface CertificateWish {
  readonly commonName: string;
  /** Groups, for a client. */
  readonly organizations?: readonly string[] | undefined;
  readonly usages: readonly UsageName[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

export interface NewCertificate extends CertificateWish {
  readonly validityDays: number;
  readonly now: Date;
  readonly algorithm: KeyAlgorithm;
}

export interface NewAuthority {
  readonly commonName: string;
  readonly validityDays: number;
  readonly now: Date;
  readonly algorithm: KeyAlgorithm;
  /** A key that is there already; else one is made. */
  readonly key?: Secret | undefined;
}

export interface KeyAndCertificate {
  /** PEM. Of several certificates the first is meant. */
  readonly certificatePem: string;
  /** PEM. */
  readonly key: Secret;
}

/** Clocks differ: a certificate is valid a little before it is made, as kubeadm's are. */
const startsEarlierMs = 5 * 60 * 1000;
const dayMs = 24 * 60 * 60 * 1000;

/** A new authority that signs itself, as kubeadm makes them: its name stands among its DNS names too. */
export async function issueCa({ commonName, validityDays, now, algorithm, key }: NewAuthority): Promise<KeyAndCertificate> {
  const own = key ?? (await generateKeys(algorithm)).key;
  const wish = { commonName, usages: [], dnsNames: [commonName], ipAddresses: [] };
  return { certificatePem: await buildCertificate({ wish, validityDays, now, own, signer: own, authority: undefined }), key: own };
}

/**
 * A new certificate with a key of its own, signed by `ca`: kubeadm's key usages and times, extensions as Go's x509 writes them
 * (kubeadm/app/util/pkiutil, v1.36). It may outlive its signer, as kubeadm's may.
 */
export async function issueCertificate(request: NewCertificate, ca: KeyAndCertificate): Promise<KeyAndCertificate> {
  const { validityDays, now, algorithm, ...wish } = request;
  const [{ readAuthority }, { key }] = await Promise.all([import("./certificate-asn1.ts"), generateKeys(algorithm)]);
  const authority = readAuthority(new X509Certificate(ca.certificatePem).raw);
  return { certificatePem: await buildCertificate({ wish, validityDays, now, own: key, signer: ca.key, authority }), key };
}

/** A new key, and a request for a certificate by which somebody else may issue it, as kubeadm writes them. PEM. */
export async function requestCertificate(
  wish: Omit<CertificateWish, "usages">,
  algorithm: KeyAlgorithm,
): Promise<{ readonly requestPem: string; readonly key: Secret }> {
  const [{ buildRequestInfo, joinSignature }, { key }] = await Promise.all([import("./certificate-asn1.ts"), generateKeys(algorithm)]);
  const signingKey = createPrivateKey(key.reveal());
  const scheme = schemeOf(signingKey);
  const info = buildRequestInfo({ ...wish, organizations: wish.organizations ?? [], publicKey: publicDer(key) });
  const der = joinSignature(info, scheme, sign(scheme.digest, info, signingKey)).toString("base64");
  const lines = der.match(/.{1,64}/g) ?? [];
  return { requestPem: `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join("\n")}\n-----END CERTIFICATE REQUEST-----\n`, key };
}

interface Parts {
  readonly wish: CertificateWish;
  readonly validityDays: number;
  readonly now: Date;
  readonly own: Secret;
  readonly signer: Secret;
  /** Undefined: an authority that signs itself. */
  readonly authority: Authority | undefined;
}

async function buildCertificate({ wish, validityDays, now, own, signer, authority }: Parts): Promise<string> {
  const { buildSignedPart, joinSignature } = await import("./certificate-asn1.ts"); // node-forge is slow to load
  const signingKey = createPrivateKey(signer.reveal());
  const scheme = schemeOf(signingKey);
  const signedPart = buildSignedPart({
    ...wish,
    organizations: wish.organizations ?? [],
    serial: newSerial(),
    scheme,
    authority,
    notBefore: new Date(now.getTime() - startsEarlierMs),
    notAfter: new Date(now.getTime() + validityDays * dayMs),
    publicKey: publicDer(own),
    isCa: authority === undefined,
  });
  return new X509Certificate(joinSignature(signedPart, scheme, sign(scheme.digest, signedPart, signingKey))).toString();
}

/** DER of the public half. */
function publicDer(key: Secret): Buffer {
  return createPublicKey(key.reveal()).export({ type: "spki", format: "der" });
}

/** From 1 to 2^63-1. */
function newSerial(): Buffer {
  const bytes = randomBytes(8);
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return bytes.every((byte) => byte === 0) ? Buffer.of(1) : bytes;
}

/** The digest that Go's x509 takes for a key. */
function schemeOf(key: KeyObject): SignatureScheme {
  if (key.asymmetricKeyType === "rsa") return { digest: "sha256", id: "1.2.840.113549.1.1.11", hasNull: true };
  return key.asymmetricKeyDetails?.namedCurve === "secp384r1"
    ? { digest: "sha384", id: "1.2.840.10045.4.3.3", hasNull: false }
    : { digest: "sha256", id: "1.2.840.10045.4.3.2", hasNull: false };
}
