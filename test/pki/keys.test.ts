import { createPrivateKey, createPublicKey } from "node:crypto";
import { inspect } from "node:util";
import test from "ava";
import { generateKeys, type KeyAlgorithm, publicKeyOf } from "../../src/pki/keys.ts";

const makes = test.macro({
  title: (_given, algorithm: KeyAlgorithm) => `makes ${algorithm} keys with kubeadm's PEM types`,
  async exec(t, algorithm: KeyAlgorithm, type: string, size: number | string) {
    const { key, publicKey } = await generateKeys(algorithm);
    t.regex(key.reveal(), new RegExp(`^-----BEGIN ${type} PRIVATE KEY-----\n`));
    t.regex(publicKey, /^-----BEGIN PUBLIC KEY-----\n/);
    const { modulusLength, namedCurve } = createPrivateKey(key.reveal()).asymmetricKeyDetails ?? {};
    t.is(modulusLength ?? namedCurve, size);
    t.true(createPublicKey(publicKey).equals(createPublicKey(key.reveal())));
    t.is(publicKeyOf(key), publicKey);
    t.false(inspect({ key, publicKey }, { depth: 5 }).includes("PRIVATE"));
  },
});

test(makes, "RSA-2048", "RSA", 2048);
test(makes, "RSA-3072", "RSA", 3072);
test(makes, "RSA-4096", "RSA", 4096);
test(makes, "ECDSA-P256", "EC", "prime256v1");
test(makes, "ECDSA-P384", "EC", "secp384r1");
