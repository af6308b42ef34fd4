import { execFileSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { issueCa, issueCertificate, type NewCertificate } from "../../src/pki/issue.ts";
import type { KeyAlgorithm } from "../../src/pki/keys.ts";

const now = new Date("2026-11-24T12:00:00Z");
const dayMs = 24 * 60 * 60 * 1000;

const apiServer: NewCertificate = {
  commonName: "kube-apiserver",
  usages: ["serverAuth"],
  dnsNames: ["kubernetes", "cp1"],
  ipAddresses: ["10.96.0.1", "2001:db8::1"],
  validityDays: 365,
  now,
  algorithm: "ECDSA-P256",
};

const issues = test.macro({
  title: (_given, algorithm: KeyAlgorithm) => `an authority with ${algorithm} signs certificates that verify`,
  async exec(t, algorithm: KeyAlgorithm) {
    const ca = await issueCa({ commonName: "kubernetes", validityDays: 3650, now, algorithm });
    const leaf = await issueCertificate({ ...apiServer, algorithm }, ca);
    const authority = new X509Certificate(ca.certificatePem);
    const certificate = new X509Certificate(leaf.certificatePem);
    t.true(authority.ca);
    t.false(certificate.ca);
    t.true(authority.verify(authority.publicKey));
    t.true(certificate.verify(authority.publicKey));
    t.true(certificate.checkIssued(authority));
    t.true(certificate.checkPrivateKey(createPrivateKey(leaf.key.reveal())));
    t.is(certificate.publicKey.asymmetricKeyType, algorithm.startsWith("RSA") ? "rsa" : "ec");
  },
});

for (const algorithm of ["RSA-2048", "RSA-3072", "RSA-4096", "ECDSA-P256", "ECDSA-P384"] as const) test(issues, algorithm);

test("a certificate says what was wished", async (t) => {
  const ca = await issueCa({ commonName: "kubernetes", validityDays: 3650, now, algorithm: "ECDSA-P256" });
  const { certificatePem } = await issueCertificate({ ...apiServer, organizations: ["system:nodes"] }, ca);
  const certificate = new X509Certificate(certificatePem);
  t.is(certificate.subject, "O=system:nodes\nCN=kube-apiserver");
  t.is(certificate.issuer, "CN=kubernetes");
  t.is(certificate.subjectAltName, "DNS:kubernetes, DNS:cp1, IP Address:10.96.0.1, IP Address:2001:DB8:0:0:0:0:0:1");
  t.deepEqual(certificate.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
  t.is(certificate.validFromDate.getTime(), now.getTime() - 5 * 60 * 1000);
  t.is(certificate.validToDate.getTime(), now.getTime() + 365 * dayMs);
});

test("an authority has its name among its DNS names, and ten years", async (t) => {
  const ca = await issueCa({ commonName: "etcd-ca", validityDays: 3650, now, algorithm: "ECDSA-P256" });
  const certificate = new X509Certificate(ca.certificatePem);
  t.is(certificate.subject, "CN=etcd-ca");
  t.is(certificate.subjectAltName, "DNS:etcd-ca");
  t.falsy(certificate.keyUsage);
  t.is(certificate.validToDate.getTime(), now.getTime() + 3650 * dayMs);
});

test("an authority can be issued for a key that is there, and then still knows what it signed", async (t) => {
  const options = { commonName: "kubernetes", validityDays: 3650, now, algorithm: "ECDSA-P256" } as const;
  const first = await issueCa(options);
  const leaf = new X509Certificate((await issueCertificate(apiServer, first)).certificatePem);
  const second = new X509Certificate((await issueCa({ ...options, key: first.key })).certificatePem);
  t.not(second.serialNumber, new X509Certificate(first.certificatePem).serialNumber);
  t.true(leaf.verify(second.publicKey) && leaf.checkIssued(second));
});

test("times beyond 2049 and names beyond ASCII come out right", async (t) => {
  const ca = await issueCa({ commonName: "kubernetes", validityDays: 36_500, now, algorithm: "ECDSA-P256" });
  const { certificatePem } = await issueCertificate({ ...apiServer, commonName: "größe_*", validityDays: 20_000 }, ca);
  const certificate = new X509Certificate(certificatePem);
  t.is(certificate.toLegacyObject().subject?.CN, "größe_*");
  t.is(certificate.validToDate.getTime(), now.getTime() + 20_000 * dayMs);
});

test("serial numbers are positive, at most 63 bits and not repeated", async (t) => {
  const ca = await issueCa({ commonName: "kubernetes", validityDays: 3650, now, algorithm: "ECDSA-P256" });
  const issued = await Promise.all(Array.from({ length: 40 }, () => issueCertificate(apiServer, ca)));
  const serials = issued.map(({ certificatePem }) => BigInt(`0x${new X509Certificate(certificatePem).serialNumber}`));
  t.is(new Set(serials).size, 40);
  t.true(serials.every((serial) => serial > 0n && serial < 2n ** 63n));
});

test("OpenSSL verifies the chain strictly and shows kubeadm's extensions", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "kboot-issue-"));
  const ca = await issueCa({ commonName: "kubernetes", validityDays: 3650, now, algorithm: "RSA-2048" });
  const leaf = await issueCertificate(apiServer, ca);
  await writeFile(join(folder, "ca.crt"), ca.certificatePem);
  await writeFile(join(folder, "leaf.crt"), leaf.certificatePem);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, encoding: "utf8" });
  const at = String(Math.floor(now.getTime() / 1000));
  const strict = ["-x509_strict", "-check_ss_sig", "-purpose", "sslserver"];
  t.is(openssl("verify", ...strict, "-attime", at, "-CAfile", "ca.crt", "leaf.crt"), "leaf.crt: OK\n");
  const extensions = (file: string) =>
    openssl("x509", "-in", file, "-noout", "-ext", "keyUsage,extendedKeyUsage,basicConstraints,subjectKeyIdentifier,authorityKeyIdentifier")
      .split("\n")
      .map((line) => line.trim().replace(/^([0-9A-F]{2}:){19}[0-9A-F]{2}$/, "<id>"));
  t.deepEqual(extensions("ca.crt").filter(Boolean), [
    "X509v3 Key Usage: critical",
    "Digital Signature, Key Encipherment, Certificate Sign",
    "X509v3 Basic Constraints: critical",
    "CA:TRUE",
    "X509v3 Subject Key Identifier:",
    "<id>",
  ]);
  t.deepEqual(extensions("leaf.crt").filter(Boolean), [
    "X509v3 Key Usage: critical",
    "Digital Signature, Key Encipherment",
    "X509v3 Extended Key Usage:",
    "TLS Web Server Authentication",
    "X509v3 Basic Constraints: critical",
    "CA:FALSE",
    "X509v3 Authority Key Identifier:",
    "<id>",
  ]);
});
