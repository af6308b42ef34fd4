import { execFileSync } from "node:child_process";
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";

const hourMs = 3_600_000;

/**
 * What PEM says, by field; without what differs from one cluster to the next: keys, serial numbers, times. Undefined for other text.
 */
export function pemFields(text: string): ReadonlyMap<string, string> | undefined {
  const parts = text.match(/-----BEGIN ([A-Z ]+)-----[\s\S]+?-----END \1-----/g);
  if (parts === null) return undefined;
  const counts = new Map<string, number>();
  const fields = parts.flatMap((part) => {
    const label = /BEGIN ([A-Z ]+)-/.exec(part)?.[1] ?? "";
    const index = counts.get(label) ?? 0;
    counts.set(label, index + 1);
    const name = index === 0 ? label.toLowerCase() : `${label.toLowerCase()} ${index + 1}`;
    return partFields(label, part).map(([field, value]): [string, string] => [field === "" ? name : `${name} ${field}`, value]);
  });
  return new Map(fields);
}

function partFields(label: string, pem: string): readonly (readonly [string, string])[] {
  if (label === "CERTIFICATE") return certificateFields(new X509Certificate(pem), pem);
  return [["", describeKey(label === "PUBLIC KEY" ? createPublicKey(pem) : createPrivateKey(pem))]];
}

function certificateFields(certificate: X509Certificate, pem: string): readonly (readonly [string, string])[] {
  const validity = certificate.validToDate.getTime() - certificate.validFromDate.getTime();
  return [
    ["subject", oneLine(certificate.subject)],
    ["issuer", oneLine(certificate.issuer)],
    ...(certificate.subjectAltName?.split(", ") ?? []).map((name) => [`for ${name}`, "yes"] as const),
    ["is a CA", String(certificate.ca)],
    ["validity", `${Math.round(validity / hourMs)} h`],
    ["key", describeKey(certificate.publicKey)],
    ["signature", certificate.signatureAlgorithm ?? ""],
    ...extensions(pem),
  ];
}

function describeKey({ type, asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  return `${type} ${asymmetricKeyType} ${asymmetricKeyDetails?.namedCurve ?? asymmetricKeyDetails?.modulusLength}`;
}

function oneLine(name: string): string {
  return name.split("\n").join(", ");
}

/** Extensions as openssl prints them, since node:crypto knows neither the usage of a key nor what is critical. */
function extensions(pem: string): readonly (readonly [string, string])[] {
  const names = "keyUsage,extendedKeyUsage,basicConstraints,subjectKeyIdentifier,authorityKeyIdentifier";
  const text = execFileSync("openssl", ["x509", "-noout", "-ext", names], {
    input: pem,
    encoding: "utf8",
    stdio: ["pipe", "pipe", "pipe"],
  });
  return [...text.matchAll(/^X509v3 (.+?): *(critical)?\s*\n {4}(.*)$/gm)].map(([, name = "", critical = "", value = ""]) => [
    name.toLowerCase(),
    `${critical} ${/Identifier/.test(name) ? "present" : value.trim()}`.trim(),
  ]);
}
