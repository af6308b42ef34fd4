import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import type { Cluster } from "../inventory/cluster.ts";
import { Secret } from "../secret.ts";

export type KeyAlgorithm = Cluster["encryptionAlgorithm"];

export interface KeyPair {
  /** PEM: PKCS#1 (`RSA PRIVATE KEY`) or SEC1 (`EC PRIVATE KEY`), as kubeadm writes them. */
  readonly key: Secret;
  /** PEM: PKIX (`PUBLIC KEY`). */
  readonly publicKey: string;
}

const generate = promisify(generateKeyPair);

/** A new key pair. Several can be made at once: the work is done by threads. */
export async function generateKeys(algorithm: KeyAlgorithm): Promise<KeyPair> {
  const { privateKey, publicKey } = await generateObjects(algorithm);
  const type = privateKey.asymmetricKeyType === "rsa" ? "pkcs1" : "sec1";
  return { key: new Secret(privateKey.export({ type, format: "pem" }) as string), publicKey: toPublicPem(publicKey) };
}

function generateObjects(algorithm: KeyAlgorithm) {
  switch (algorithm) {
    case "RSA-2048":
      return generate("rsa", { modulusLength: 2048 });
    case "RSA-3072":
      return generate("rsa", { modulusLength: 3072 });
    case "RSA-4096":
      return generate("rsa", { modulusLength: 4096 });
    case "ECDSA-P256":
      return generate("ec", { namedCurve: "P-256" });
    case "ECDSA-P384":
      return generate("ec", { namedCurve: "P-384" });
  }
}

/** The public half of a private key, as PEM (`PUBLIC KEY`). Reads PKCS#1, SEC1 and PKCS#8; throws for anything else. */
export function publicKeyOf(key: Secret): string {
  return toPublicPem(createPublicKey(createPrivateKey(key.reveal())));
}

function toPublicPem(key: KeyObject): string {
  return key.export({ type: "spki", format: "pem" }) as string;
}
