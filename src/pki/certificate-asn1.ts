import { createHash } from "node:crypto";
import { isIP } from "node:net";
import { Address4, Address6 } from "ip-address";
import forge from "node-forge";
import { type UsageName, usageId } from "./usages.ts";

const { asn1 } = forge;
type Asn1 = forge.asn1.Asn1;

/** How a certificate is signed: what node:crypto calls the digest, and what the certificate says of it. */
export interface SignatureScheme {
  readonly digest: "sha256" | "sha384";
  readonly id: string;
  /** RSA's identifier has a NULL parameter, ECDSA's has none (RFC 4055, RFC 5758). */
  readonly hasNull: boolean;
}

/** What a certificate says, but for its signature. */
export interface CertificateFields {
  /** Big-endian, positive. */
  readonly serial: Buffer;
  readonly scheme: SignatureScheme;
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** Undefined: it signs itself. */
  readonly authority: Authority | undefined;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKey: Buffer;
  readonly isCa: boolean;
  readonly usages: readonly UsageName[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

/** What of the signer stands in a certificate: DER of its subject, and its key's identifier. */
export interface Authority {
  readonly subject: Buffer;
  readonly keyId: Buffer | undefined;
}

const ids = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  subjectKeyId: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyId: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  extensionRequest: "1.2.840.113549.1.9.14",
};

/** DER of the part of a certificate that is signed. Extensions and their order are those of Go's x509 for kubeadm's templates. */
export function buildSignedPart(fields: CertificateFields): Buffer {
  const subject = buildName(fields);
  return toDer(
    sequence(
      tagged(0, asn1.create(asn1.Class.UNIVERSAL, asn1.Type.INTEGER, false, "\x02")),
      integer(fields.serial),
      signatureAlgorithm(fields.scheme),
      fields.authority === undefined ? subject : fromDer(fields.authority.subject),
      sequence(time(fields.notBefore), time(fields.notAfter)),
      subject,
      fromDer(fields.publicKey),
      tagged(3, sequence(...buildExtensions(fields))),
    ),
  );
}

/** What a request for a certificate says, but for its signature. */
export type RequestFields = Pick<CertificateFields, "commonName" | "organizations" | "publicKey" | "dnsNames" | "ipAddresses">;

/** DER of the part of a request that is signed (PKCS#10, RFC 2986), as Go's x509 writes it: it asks for names, not for usages. */
export function buildRequestInfo(fields: RequestFields): Buffer {
  const names = buildNames(fields);
  const set = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SET, true, [sequence(...names)]);
  const attributes = names.length === 0 ? [] : [sequence(objectId(ids.extensionRequest), set)];
  return toDer(sequence(integer(Buffer.of(0)), buildName(fields), fromDer(fields.publicKey), tagged(0, ...attributes)));
}

/** DER of a signed part with its signature: a whole certificate or request. */
export function joinSignature(signedPart: Buffer, scheme: SignatureScheme, signature: Buffer): Buffer {
  return toDer(sequence(fromDer(signedPart), signatureAlgorithm(scheme), bitString(signature, 0)));
}

/** Reads subject and key identifier out of DER of a certificate. */
export function readAuthority(certificate: Buffer): Authority {
  const parts = children(children(fromDer(certificate))[0]);
  const [subject, extensions] = [parts[5], children(children(parts[7])[0])];
  if (subject === undefined) throw new Error("the certificate has no subject");
  const keyId = extensions.find((extension) => asn1.derToOid(String(children(extension)[0]?.value)) === ids.subjectKeyId);
  const octets = keyId === undefined ? undefined : children(keyId).at(-1)?.value;
  return { subject: toDer(subject), keyId: typeof octets === "string" ? octetsOf(octets) : undefined };
}

function buildExtensions({ isCa, usages, authority, publicKey, dnsNames, ipAddresses }: CertificateFields): Asn1[] {
  // digitalSignature and keyEncipherment, for a CA keyCertSign too
  const keyUsage = isCa ? bitString(Buffer.of(0xa4), 2) : bitString(Buffer.of(0xa0), 5);
  const extensions = [extension(ids.keyUsage, true, keyUsage)];
  if (usages.length > 0) {
    extensions.push(extension(ids.extendedKeyUsage, false, sequence(...usages.map((usage) => objectId(usageId(usage))))));
  }
  const isTrue = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.BOOLEAN, false, "\xff");
  extensions.push(extension(ids.basicConstraints, true, sequence(...(isCa ? [isTrue] : []))));
  if (isCa) extensions.push(extension(ids.subjectKeyId, false, octetString(keyIdOf(publicKey))));
  if (authority?.keyId !== undefined) {
    extensions.push(extension(ids.authorityKeyId, false, sequence(context(0, authority.keyId))));
  }
  return [...extensions, ...buildNames({ dnsNames, ipAddresses })];
}

/** The extension with the names of the subject, if it has any. */
function buildNames({ dnsNames, ipAddresses }: Pick<CertificateFields, "dnsNames" | "ipAddresses">): Asn1[] {
  const names = [
    ...dnsNames.map((name) => context(2, Buffer.from(name))),
    ...ipAddresses.map((address) => context(7, addressBytes(address))),
  ];
  return names.length === 0 ? [] : [extension(ids.subjectAltName, false, sequence(...names))];
}

/** RFC 7093, method 1, as Go does since 1.25: the first 160 bits of the SHA-256 of the public key's bits. */
function keyIdOf(publicKey: Buffer): Buffer {
  const bits = children(fromDer(publicKey))[1]?.value;
  if (typeof bits !== "string") throw new Error("the public key cannot be read");
  return createHash("sha256").update(Buffer.from(bits, "latin1").subarray(1)).digest().subarray(0, 20);
}

/** As Go's x509 has it: all organizations are one set, in the order of their bytes, as DER wants it. */
function buildName({ commonName, organizations }: Pick<CertificateFields, "commonName" | "organizations">): Asn1 {
  const set = (id: string, texts: readonly string[]) => {
    const attributes = texts.map((text) => sequence(objectId(id), printable(text)));
    return asn1.create(
      asn1.Class.UNIVERSAL,
      asn1.Type.SET,
      true,
      attributes.toSorted((a, b) => Buffer.compare(toDer(a), toDer(b))),
    );
  };
  return sequence(...(organizations.length === 0 ? [] : [set(ids.organization, organizations)]), set(ids.commonName, [commonName]));
}

function printable(text: string): Asn1 {
  const type = /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text) ? asn1.Type.PRINTABLESTRING : asn1.Type.UTF8;
  return asn1.create(asn1.Class.UNIVERSAL, type, false, binary(Buffer.from(text)));
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 0) throw new Error(`${address} is no IP address`);
  return Buffer.from(isIP(address) === 4 ? new Address4(address).toArray() : new Address6(address).toUnsignedByteArray());
}

/** RFC 5280, 4.1.2.5: two digits of the year until 2049. */
function time(date: Date): Asn1 {
  const isShort = date.getUTCFullYear() < 2050;
  const type = isShort ? asn1.Type.UTCTIME : asn1.Type.GENERALIZEDTIME;
  return asn1.create(asn1.Class.UNIVERSAL, type, false, isShort ? asn1.dateToUtcTime(date) : asn1.dateToGeneralizedTime(date));
}

function integer(bytes: Buffer): Asn1 {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = bytes.subarray(first === -1 ? bytes.length - 1 : first);
  const isNegative = (digits[0] ?? 0) >= 0x80;
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.INTEGER, false, binary(isNegative ? Buffer.concat([Buffer.of(0), digits]) : digits));
}

function signatureAlgorithm({ id, hasNull }: SignatureScheme): Asn1 {
  return sequence(objectId(id), ...(hasNull ? [asn1.create(asn1.Class.UNIVERSAL, asn1.Type.NULL, false, "")] : []));
}

function extension(id: string, isCritical: boolean, value: Asn1): Asn1 {
  const critical = isCritical ? [asn1.create(asn1.Class.UNIVERSAL, asn1.Type.BOOLEAN, false, "\xff")] : [];
  return sequence(objectId(id), ...critical, octetString(toDer(value)));
}

function sequence(...parts: Asn1[]): Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, parts);
}

function tagged(tag: number, ...parts: Asn1[]): Asn1 {
  return asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag as forge.asn1.Type, true, parts);
}

function context(tag: number, bytes: Buffer): Asn1 {
  return asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag as forge.asn1.Type, false, binary(bytes));
}

function objectId(id: string): Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OID, false, asn1.oidToDer(id).getBytes());
}

function octetString(bytes: Buffer): Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OCTETSTRING, false, binary(bytes));
}

function bitString(bytes: Buffer, unusedBits: number): Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.BITSTRING, false, binary(Buffer.concat([Buffer.of(unusedBits), bytes])));
}

function children(part: Asn1 | undefined): Asn1[] {
  return Array.isArray(part?.value) ? part.value : [];
}

function octetsOf(der: string): Buffer {
  return Buffer.from(String(fromDer(Buffer.from(der, "latin1")).value), "latin1");
}

/** Bit strings stay bytes: their contents are not looked into. */
function fromDer(der: Buffer): Asn1 {
  const options = { strict: true, parseAllBytes: true, decodeBitStrings: false };
  // the types know only the older form with a flag for `strict`
  return asn1.fromDer(binary(der), options as unknown as boolean);
}

function toDer(part: Asn1): Buffer {
  return Buffer.from(asn1.toDer(part).getBytes(), "latin1");
}

/** Forge keeps bytes in strings, one in each character. */
function binary(bytes: Buffer): string {
  return bytes.toString("latin1");
}
