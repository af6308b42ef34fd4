import { createPublicKey, X509Certificate } from "node:crypto";
import { chmod, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { Vault } from "../../src/engine/vault.ts";
import { issueCa, issueCertificate } from "../../src/pki/issue.ts";
import { generateKeys } from "../../src/pki/keys.ts";
import { isKeyOf } from "../../src/pki/read.ts";
import { sharedSecretKind as kind, type SharedSecretResource, sharedSecret } from "../../src/resources/shared-secret.ts";
import { Secret } from "../../src/secret.ts";
import { bringInOrder, differences, obstacles, temporaryFolder } from "../support/kind.ts";
import { runSh, shells } from "../support/run-fragment.ts";

const now = new Date("2026-11-24T12:00:00Z");
const common = { algorithm: "ECDSA-P256", validityDays: 3650 } as const;
const authority = (folder: string) =>
  sharedSecret({
    name: "ca",
    commonName: "kubernetes",
    certificatePath: join(folder, "pki/ca.crt"),
    keyPath: join(folder, "pki/ca.key"),
    ...common,
  });
const serviceAccount = (folder: string) =>
  sharedSecret({ name: "sa", keyPath: join(folder, "pki/sa.key"), publicKeyPath: join(folder, "pki/sa.pub"), ...common });

const modeOf = async (path: string | undefined) => ((await stat(path ?? "")).mode & 0o777).toString(8);
const textOf = (path: string | undefined) => readFile(path ?? "", "utf8");

for (const shell of shells) {
  const name = shell.join(" ");

  test(`authority and key pair are made, are then in order, and land on a second host unchanged (${name})`, async (t) => {
    const [first, second, vault] = [await temporaryFolder(), await temporaryFolder(), new Vault()];
    const ca = authority(first);
    const sa = serviceAccount(first);
    const options = { shell, vault, now };
    t.deepEqual(await differences(kind, ca, options), [{ what: "ca", to: "new" }]);
    const result = await bringInOrder(kind, [ca, sa], options);
    t.is(result.exitCode, 0, result.stderr);
    t.deepEqual(await differences(kind, ca, options), []);
    t.deepEqual(await differences(kind, sa, options), []);
    t.true(new X509Certificate(await textOf(ca.certificatePath)).ca);
    const paths = [ca.keyPath, ca.certificatePath, sa.keyPath, sa.publicKeyPath];
    t.deepEqual(await Promise.all(paths.map(modeOf)), ["600", "644", "600", "600"]);
    t.true(createPublicKey(await textOf(sa.publicKeyPath)).equals(createPublicKey(await textOf(sa.keyPath))));

    t.deepEqual(await differences(kind, authority(second), options), [{ what: "ca", to: "the one of the other hosts" }]);
    await bringInOrder(kind, [authority(second), serviceAccount(second)], options);
    for (const file of ["ca.crt", "ca.key", "sa.key", "sa.pub"]) {
      t.is(await textOf(join(second, "pki", file)), await textOf(join(first, "pki", file)));
    }
  });

  test(`what a host has is learned, and a mode changed by hand is all that differs and all that is changed (${name})`, async (t) => {
    const ca = authority(await temporaryFolder());
    await bringInOrder(kind, [ca], { shell, now });
    const before = await textOf(ca.certificatePath);
    await chmod(ca.keyPath, 0o644);
    const vault = new Vault();
    t.deepEqual(await differences(kind, ca, { shell, vault, now }), [{ what: `mode of ${ca.keyPath}`, from: "0644", to: "0600" }]);
    t.is(vault.need("ca").certificate, before);
    t.is(vault.need("ca").key?.reveal(), await textOf(ca.keyPath));
    const { mtimeMs } = await stat(ca.keyPath);
    await bringInOrder(kind, [ca], { shell, vault, now });
    t.deepEqual(await differences(kind, ca, { shell, vault, now }), []);
    t.is((await stat(ca.keyPath)).mtimeMs, mtimeMs);
  });

  test(`a certificate that is gone is made again with the key that is there (${name})`, async (t) => {
    const ca = authority(await temporaryFolder());
    await bringInOrder(kind, [ca], { shell, now });
    const key = await textOf(ca.keyPath);
    await rm(ca.certificatePath ?? "");
    t.deepEqual(await differences(kind, ca, { shell, now }), [{ what: ca.certificatePath, to: "present" }]);
    await bringInOrder(kind, [ca], { shell, now });
    t.is(await textOf(ca.keyPath), key);
    t.true(new X509Certificate(await textOf(ca.certificatePath)).verify(createPublicKey(key)));
  });

  test(`a public key that is not the private key's is written again (${name})`, async (t) => {
    const sa = serviceAccount(await temporaryFolder());
    await bringInOrder(kind, [sa], { shell, now });
    await writeFile(sa.publicKeyPath ?? "", (await generateKeys("ECDSA-P256")).publicKey);
    t.deepEqual(await differences(kind, sa, { shell, now }), [{ what: sa.publicKeyPath, to: "present" }]);
    await bringInOrder(kind, [sa], { shell, now });
    t.deepEqual(await differences(kind, sa, { shell, now }), []);
  });
}

async function refuses(ca: SharedSecretResource, vault = new Vault()) {
  const shell = ["dash"];
  const [difference] = await differences(kind, ca, { shell, vault, now });
  const before = await readIfThere(ca);
  try {
    await bringInOrder(kind, [ca], { shell, vault, now });
  } catch (error) {
    const isUntouched = JSON.stringify(await readIfThere(ca)) === JSON.stringify(before);
    return { what: difference?.what, code: (error as { code?: string }).code, message: (error as Error).message, isUntouched };
  }
  throw new Error("it did not refuse");
}

const readIfThere = ({ keyPath, certificatePath = "" }: SharedSecretResource) =>
  Promise.all([keyPath, certificatePath].map((path) => readFile(path, "utf8").catch(() => undefined)));

async function placed(): Promise<SharedSecretResource & { certificatePath: string }> {
  const ca = authority(await temporaryFolder());
  await bringInOrder(kind, [ca], { shell: ["dash"], now });
  return { ...ca, certificatePath: ca.certificatePath ?? "" };
}

test("two hosts with different authorities: refused with both fingerprints, and nothing is written", async (t) => {
  const [ca, vault] = [await placed(), new Vault()];
  const other = await issueCa({ commonName: "kubernetes", now, ...common });
  vault.put("ca", { certificate: other.certificatePem, key: other.key });
  const refusal = await refuses(ca, vault);
  t.like(refusal, { what: "conflict", code: "conflict", isUntouched: true });
  t.true(refusal.message.includes(new X509Certificate(other.certificatePem).fingerprint256));
  t.true(refusal.message.includes(new X509Certificate(await textOf(ca.certificatePath)).fingerprint256));
});

test("a key that does not belong to the certificate: refused, and not learned", async (t) => {
  const [ca, vault] = [await placed(), new Vault()];
  await writeFile(ca.keyPath, (await generateKeys("ECDSA-P256")).key.reveal());
  t.like(await refuses(ca, vault), { what: "conflict", code: "conflict", isUntouched: true });
  t.false(vault.has("ca"));
});

test("a certificate without its key is that of a CA kept elsewhere, unless another host has the key", async (t) => {
  const [ca, vault] = [await placed(), new Vault()];
  const shell = ["dash"];
  const [certificate, key] = [await textOf(ca.certificatePath), await textOf(ca.keyPath)];
  await differences(kind, ca, { shell, vault, now });
  await rm(ca.keyPath);
  const elsewhere = { shell, vault: new Vault(), now };
  t.deepEqual(await differences(kind, ca, elsewhere), []);
  t.deepEqual(await obstacles(kind, ca, elsewhere), []);
  t.deepEqual(elsewhere.vault.get("ca"), { certificate });
  const second = authority(await temporaryFolder());
  await bringInOrder(kind, [second], elsewhere);
  t.is(await textOf(second.certificatePath), certificate);
  await t.throwsAsync(textOf(second.keyPath), { code: "ENOENT" });
  t.deepEqual(await differences(kind, second, elsewhere), []);
  await bringInOrder(kind, [ca], { shell, vault, now });
  t.is(await textOf(ca.keyPath), key);
  t.is(await textOf(ca.certificatePath), certificate);
  t.true(isKeyOf(certificate, vault.need("ca").key ?? t.fail()));
});

test("the certificate of a CA kept elsewhere that is over, or of no CA, is an obstacle", async (t) => {
  const ca = await placed();
  const messages = async (when: Date) =>
    (await obstacles(kind, ca, { shell: ["dash"], now: when })).map(({ message }) => message.replace(ca.certificatePath, "ca.crt"));
  const late = new Date("2036-11-24T12:00:00Z");
  t.deepEqual(await messages(late), []); // its key is here
  const own = { certificatePem: await textOf(ca.certificatePath), key: new Secret(await textOf(ca.keyPath)) };
  await rm(ca.keyPath);
  const [over] = await messages(late);
  t.regex(over ?? "", /^ca\.crt is valid from 2026-11-24T11:55:00\.000Z to 2036-11-21T12:00:00\.000Z\. Its key is on no control plane/);
  const leaf = { commonName: "leaf", usages: [], dnsNames: [], ipAddresses: [], now, ...common };
  await writeFile(ca.certificatePath, (await issueCertificate(leaf, own)).certificatePem);
  const [none] = await messages(now);
  t.regex(none ?? "", /^ca\.crt is not the certificate of a CA\. /);
});

test("unreadable files: refused", async (t) => {
  const first = await placed();
  await writeFile(first.keyPath, "garbage");
  t.like(await refuses(first), { what: "conflict", code: "conflict", isUntouched: true });
  const second = await placed();
  await writeFile(second.certificatePath, "garbage");
  t.like(await refuses(second), { what: "conflict", code: "conflict", isUntouched: true });
});

test("what was observed shows no key when printed, and a bare host is looked at without an error", async (t) => {
  const ca = await placed();
  const output = await runSh(kind.observe(ca));
  t.true(output.stdout.includes("PRIVATE KEY"));
  t.false(JSON.stringify(kind.parse(ca, output)).includes("PRIVATE"));
  const bare = await runSh(kind.observe(authority("/nonexistent")));
  t.deepEqual([bare.exitCode, bare.stderr, bare.stdout.toString()], [0, "", "-\n-\n"]);
});
