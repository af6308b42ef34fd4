import { KbootError } from "../../errors.ts";
import { publicKeyPin, splitCertificates } from "../../pki/read.ts";
import { withoutSecrets } from "../../secret.ts";

/** Reads `sha256:<hex>`, in any case. Throws KbootError `usage` for the first that is none. */
export function parsePins(texts: readonly string[]): ReadonlySet<string> {
  const bad = texts.find((text) => !/^sha256:[0-9a-f]{64}$/i.test(text));
  if (bad === undefined) return new Set(texts.map((text) => text.toLowerCase()));
  throw new KbootError("usage", `${withoutSecrets(bad.slice(0, 100)) || "nothing"} is not the hash of a CA certificate`, {
    hint: "a hash is sha256: and 64 hexadecimal digits; a control plane prints it: kboot token create --print-join-command",
  });
}

/** The certificates of a PEM that are pinned, as a PEM, and the pins of all. Throws for a certificate that cannot be read. */
export function sortByPin(caCert: string, pins: ReadonlySet<string>): { readonly pinned: string; readonly presented: readonly string[] } {
  const certificates = splitCertificates(caCert).map((pem) => ({ pem, pin: publicKeyPin(pem) }));
  const pinned = certificates.filter(({ pin }) => pins.has(pin)).map(({ pem }) => pem);
  return { pinned: pinned.join("\n"), presented: certificates.map(({ pin }) => pin) };
}
