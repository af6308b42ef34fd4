import { execFileSync } from "node:child_process";
import test from "ava";
import { issueCa, issueCertificate } from "../../src/pki/issue.ts";
import { fingerprintsOf, publicKeyPin, readCertificate, splitCertificates } from "../../src/pki/read.ts";

const now = new Date("2026-11-24T12:00:00Z");
const ca = await issueCa({ commonName: "kubernetes", validityDays: 3650, now, algorithm: "ECDSA-P256" });

test("describes a certificate", async (t) => {
  const { certificatePem } = await issueCertificate(
    {
      commonName: "system:node:cp1",
      organizations: ["system:nodes"],
      usages: ["clientAuth", "serverAuth"],
      dnsNames: ["cp1"],
      ipAddresses: ["192.168.56.11", "::1"],
      validityDays: 365,
      now,
      algorithm: "ECDSA-P384",
    },
    ca,
  );
  const { publicKeyPin: pin, fingerprint, ...rest } = readCertificate(certificatePem);
  t.deepEqual(rest, {
    commonName: "system:node:cp1",
    organizations: ["system:nodes"],
    dnsNames: ["cp1"],
    ipAddresses: ["192.168.56.11", "::1"],
    usages: ["clientAuth", "serverAuth"],
    isCa: false,
    notBefore: new Date("2026-11-24T11:55:00Z"),
    notAfter: new Date("2027-11-24T12:00:00Z"),
    issuer: "kubernetes",
  });
  t.regex(pin, /^sha256:[0-9a-f]{64}$/);
  t.regex(fingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
});

test("of several certificates the first is described, and each has its fingerprint", async (t) => {
  const other = await issueCa({ commonName: "older", validityDays: 3650, now, algorithm: "ECDSA-P256" });
  const bundle = ca.certificatePem + other.certificatePem;
  t.is(readCertificate(bundle).commonName, "kubernetes");
  t.deepEqual(splitCertificates(bundle), [ca.certificatePem, other.certificatePem]);
  t.is(fingerprintsOf(bundle), `${readCertificate(ca.certificatePem).fingerprint}, ${readCertificate(other.certificatePem).fingerprint}`);
  t.is(fingerprintsOf("nothing"), "");
});

test("the pin is that of OpenSSL's recipe for kubeadm", (t) => {
  const recipe = "openssl x509 -pubkey -noout | openssl pkey -pubin -outform der | sha256sum";
  const hash = execFileSync("sh", ["-c", recipe], { input: ca.certificatePem, encoding: "utf8" }).slice(0, 64);
  t.is(publicKeyPin(ca.certificatePem), `sha256:${hash}`);
});
