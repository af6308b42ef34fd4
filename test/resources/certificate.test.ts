import { createPrivateKey, X509Certificate } from "node:crypto";
import { chmod, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { Vault } from "../../src/engine/vault.ts";
import { issueCa } from "../../src/pki/issue.ts";
import { generateKeys } from "../../src/pki/keys.ts";
import { type CertificateResource, certificateKind as kind } from "../../src/resources/certificate.ts";
import { bringInOrder, differences, obstacles, temporaryFolder } from "../support/kind.ts";
import { shells } from "../support/run-fragment.ts";

const now = new Date("2026-11-24T12:00:00Z");
const later = (days: number) => new Date(now.getTime() + days * 24 * 60 * 60 * 1000);
const ca = await issueCa({ commonName: "kubernetes", validityDays: 3650, now, algorithm: "ECDSA-P256" });

function vaultWithCa({ certificatePem, key } = ca): Vault {
  const vault = new Vault();
  vault.put("ca", { certificate: certificatePem, key });
  return vault;
}

async function apiServer(name = "apiserver"): Promise<CertificateResource> {
  const folder = await temporaryFolder();
  return {
    kind: "certificate",
    name,
    signer: "ca",
    certificatePath: join(folder, "pki", `${name}.crt`),
    keyPath: join(folder, "pki", `${name}.key`),
    commonName: "kube-apiserver",
    usages: ["serverAuth"],
    dnsNames: ["kubernetes"],
    ipAddresses: ["10.96.0.1"],
    algorithm: "ECDSA-P256",
    validityDays: 365,
  };
}

for (const shell of shells) {
  const title = shell.join(" ");

  test(`certificates are issued with their own keys and are then in order (${title})`, async (t) => {
    const options = { shell, vault: vaultWithCa(), now };
    const [first, second] = [await apiServer(), await apiServer("second")];
    t.deepEqual(await differences(kind, first, options), [{ what: "certificate", to: "new, signed by ca" }]);
    const result = await bringInOrder(kind, [first, second], options);
    t.is(result.exitCode, 0, result.stderr);
    for (const resource of [first, second]) {
      t.deepEqual(await differences(kind, resource, options), []);
      const issued = new X509Certificate(await readFile(resource.certificatePath));
      t.true(issued.verify(new X509Certificate(ca.certificatePem).publicKey));
      t.true(issued.checkPrivateKey(createPrivateKey(await readFile(resource.keyPath))));
      t.is((await stat(resource.keyPath)).mode & 0o777, 0o600);
      t.is((await stat(resource.certificatePath)).mode & 0o777, 0o644);
    }
    t.not(await readFile(first.keyPath, "utf8"), await readFile(second.keyPath, "utf8"));
  });

  test(`what was changed by hand is exactly what differs, and is put right (${title})`, async (t) => {
    const options = { shell, vault: vaultWithCa(), now };
    const resource = await apiServer();
    await bringInOrder(kind, [resource], options);
    const changed = async (...expected: { what: string; from?: string; to?: string }[]) => {
      t.deepEqual(await differences(kind, resource, options), expected);
      await bringInOrder(kind, [resource], options);
      t.deepEqual(await differences(kind, resource, options), []);
    };
    await rm(resource.keyPath);
    await changed({ what: "certificate", to: "new, signed by ca" });
    await writeFile(resource.keyPath, (await generateKeys("ECDSA-P256")).key.reveal());
    await changed({ what: "key", from: "does not belong to the certificate" });
    await writeFile(resource.certificatePath, "garbage");
    await changed({ what: "certificate", from: "cannot be read" });
    const before = await stat(resource.certificatePath);
    await chmod(resource.certificatePath, 0o600);
    await changed({ what: `mode of ${resource.certificatePath}`, from: "0600", to: "0644" });
    t.is((await stat(resource.certificatePath)).ino, before.ino); // not written again: nothing is restarted for a mode
  });
}

test("a new name in the wish, an old age and another CA lead to a new certificate", async (t) => {
  const shell = ["dash"];
  const vault = vaultWithCa();
  const resource = await apiServer();
  await bringInOrder(kind, [resource], { shell, vault, now });
  t.deepEqual(await differences(kind, { ...resource, ipAddresses: ["10.96.0.1", "10.0.0.9"] }, { shell, vault, now }), [
    { what: "SAN", from: "lacks 10.0.0.9" },
  ]);
  t.deepEqual(await differences(kind, resource, { shell, vault, now: later(345) }), [{ what: "expiry", from: "expires in 20 days" }]);
  await bringInOrder(kind, [resource], { shell, vault, now: later(345) });
  t.deepEqual(await differences(kind, resource, { shell, vault, now: later(345) }), []);
  const other = await issueCa({ commonName: "kubernetes", validityDays: 3650, now, algorithm: "ECDSA-P256" });
  t.deepEqual(await differences(kind, resource, { shell, vault: vaultWithCa(other), now: later(345) }), [
    { what: "signer", from: "signed by another CA (kubernetes)" },
  ]);
});

test("it can be planned before its signer exists", async (t) => {
  t.deepEqual(await differences(kind, await apiServer(), { shell: ["dash"], now }), [
    { what: "certificate", to: "new, signed by the new ca" },
  ]);
});

function vaultWithout({ certificatePem } = ca): Vault {
  const vault = new Vault();
  vault.put("ca", { certificate: certificatePem });
  return vault;
}

test("where the signer's key is elsewhere, a certificate that is in order stays, and its mode alone is put right", async (t) => {
  const shell = ["dash"];
  const resource = await apiServer();
  await bringInOrder(kind, [resource], { shell, vault: vaultWithCa(), now });
  await chmod(resource.keyPath, 0o644);
  const options = { shell, vault: vaultWithout(), now };
  const before = await readFile(resource.certificatePath, "utf8");
  t.deepEqual(await differences(kind, resource, options), [{ what: `mode of ${resource.keyPath}`, from: "0644", to: "0600" }]);
  t.deepEqual(await obstacles(kind, resource, options), []);
  const { exitCode, stderr } = await bringInOrder(kind, [resource], options);
  t.is(exitCode, 0, stderr);
  t.deepEqual(await differences(kind, resource, options), []);
  t.is(await readFile(resource.certificatePath, "utf8"), before);
});

test("where the signer's key is elsewhere, what is missing or of no use is an obstacle that says what is expected", async (t) => {
  const shell = ["dash"];
  const resource = await apiServer();
  const options = { shell, vault: vaultWithout(), now };
  const messages = async (wanted: CertificateResource, when = now, vault = options.vault) => {
    const found = await differences(kind, wanted, { shell, vault, now: when });
    if (found.length > 0) {
      t.deepEqual(found, [{ what: "certificate", to: "issued by the CA that is kept elsewhere" }]);
      await t.throwsAsync(bringInOrder(kind, [wanted], { shell, vault, now: when }), { code: "external-certificate", message: / is / });
    }
    return (await obstacles(kind, wanted, { shell, vault, now: when })).map(({ message, isAhead }) => [message, isAhead ?? false]);
  };
  const { certificatePath: crt, keyPath } = resource;
  const expected =
    "The key of ca is on no control plane, so it has to hold a certificate of that CA with the common name kube-apiserver, the SANs kubernetes, 10.96.0.1, the usages serverAuth";
  t.deepEqual(await messages(resource), [[`${crt} is missing. ${expected}`, false]]);
  await bringInOrder(kind, [resource], { shell, vault: vaultWithCa(), now });
  t.deepEqual(await messages(resource, later(345)), [[`${crt} expires in 20 days. ${expected}`, true]]);
  t.deepEqual(await messages(resource, later(367)), [[`${crt} is of no use: expired 2 days ago. ${expected}`, false]]);
  t.deepEqual(await messages({ ...resource, ipAddresses: ["10.0.0.9"] }), [
    [`${crt} is of no use: SAN lacks 10.0.0.9. ${expected.replace("10.96.0.1", "10.0.0.9")}`, false],
  ]);
  const other = await issueCa({ commonName: "kubernetes", validityDays: 3650, now, algorithm: "ECDSA-P256" });
  t.deepEqual(await messages(resource, now, vaultWithout(other)), [
    [`${crt} is of no use: signed by another CA (kubernetes). ${expected}`, false],
  ]);
  await writeFile(keyPath, (await generateKeys("ECDSA-P256")).key.reveal());
  t.deepEqual(await messages(resource), [[`${crt} is of no use: key does not belong to the certificate. ${expected}`, false]]);
  await rm(keyPath);
  t.deepEqual(await messages(resource), [[`${keyPath} is missing. ${expected}`, false]]);
});
