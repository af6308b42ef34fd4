import test from "ava";
import { issueCa, issueCertificate, type NewCertificate } from "../../src/pki/issue.ts";
import { judgeCertificate, judgeExternalCertificate, judgeKubeletCertificate, kubeletWish } from "../../src/pki/judge.ts";
import { generateKeys } from "../../src/pki/keys.ts";

const now = new Date("2026-11-24T12:00:00Z");
const dayMs = 24 * 60 * 60 * 1000;
const after = (days: number) => new Date(now.getTime() + days * dayMs);

const wish: NewCertificate = {
  commonName: "cp1",
  usages: ["serverAuth", "clientAuth"],
  dnsNames: ["cp1", "localhost"],
  ipAddresses: ["192.168.56.11", "::1"],
  validityDays: 365,
  now,
  algorithm: "ECDSA-P256",
};
const newCa = () => issueCa({ commonName: "etcd-ca", validityDays: 3650, now, algorithm: "ECDSA-P256" });
const ca = await newCa();
const issued = await issueCertificate(wish, ca);
const judge = (over: Partial<NewCertificate>, at = now) =>
  judgeCertificate({ ...wish, ...over }, issued.certificatePem, issued.key, ca.certificatePem, at);

test("a certificate as wished is in order", (t) => {
  t.deepEqual(judge({}), []);
});

test("a SAN that is lacking differs, one beyond the wish does not, and the form of an address does not matter", (t) => {
  t.deepEqual(judge({ ipAddresses: ["10.0.0.9"] }), [{ what: "SAN", from: "lacks 10.0.0.9" }]);
  t.deepEqual(judge({ dnsNames: ["other"] }), [{ what: "SAN", from: "lacks other" }]);
  t.deepEqual(judge({ ipAddresses: ["0:0:0:0:0:0:0:1"] }), []);
});

test("names and usages differ", (t) => {
  t.deepEqual(judge({ commonName: "cp2" }), [{ what: "common name", from: "cp1", to: "cp2" }]);
  t.deepEqual(judge({ organizations: ["system:nodes"] }), [{ what: "organization", from: "", to: "system:nodes" }]);
  t.deepEqual(judge({ usages: ["clientAuth"] }), [{ what: "usages", from: "serverAuth, clientAuth", to: "clientAuth" }]);
});

test("it is renewed when thirty days are left", (t) => {
  t.deepEqual(judge({}, after(334)), []);
  t.deepEqual(judge({}, after(335)), [{ what: "expiry", from: "expires in 30 days" }]);
  t.deepEqual(judge({}, after(345.5)), [{ what: "expiry", from: "expires in 19 days" }]);
  t.deepEqual(judge({}, after(367)), [{ what: "expiry", from: "expired 2 days ago" }]);
  t.deepEqual(judge({}, after(-1)), [{ what: "expiry", from: "not valid before 2026-11-24T11:55:00.000Z" }]);
});

test("one with a short life is renewed when a third of it is left", async (t) => {
  const short = await issueCertificate({ ...wish, validityDays: 9 }, ca);
  const judgeShort = (at: Date) => judgeCertificate(wish, short.certificatePem, short.key, ca.certificatePem, at);
  t.deepEqual(judgeShort(now), []);
  t.deepEqual(judgeShort(after(5.9)), []);
  t.deepEqual(judgeShort(after(6)), [{ what: "expiry", from: "expires in 3 days" }]);
});

test("another CA of the same name did not sign it", async (t) => {
  const other = await newCa();
  t.deepEqual(judgeCertificate(wish, issued.certificatePem, issued.key, other.certificatePem, now), [
    { what: "signer", from: "signed by another CA (etcd-ca)" },
  ]);
  const bundle = other.certificatePem + ca.certificatePem;
  t.deepEqual(judgeCertificate(wish, issued.certificatePem, issued.key, bundle, now), []);
});

test("a key that is another's, and a certificate that is none, are told", async (t) => {
  const { key } = await generateKeys("ECDSA-P256");
  t.deepEqual(judgeCertificate(wish, issued.certificatePem, key, ca.certificatePem, now), [
    { what: "key", from: "does not belong to the certificate" },
  ]);
  t.deepEqual(judgeCertificate(wish, "garbage", key, ca.certificatePem, now), [{ what: "certificate", from: "cannot be read" }]);
});

test("a kubelet's certificate that ends soon is in order, one that is over or another node's is not", async (t) => {
  const node = await issueCertificate({ ...kubeletWish("node1"), validityDays: 365, now, algorithm: "ECDSA-P256" }, ca);
  const judge = (name: string, at: Date) =>
    judgeKubeletCertificate(kubeletWish(name), node.certificatePem, undefined, ca.certificatePem, at).map(({ what }) => what);
  t.deepEqual(judge("node1", after(364)), []);
  t.deepEqual(judge("node1", after(365)), ["expiry"]);
  t.deepEqual(judge("node1", after(-1)), ["expiry"]);
  t.deepEqual(judge("node2", now), ["common name"]);
});

test("a certificate that somebody else has made may be good for more, or name no usages, and end soon", async (t) => {
  const given = async (over: Partial<NewCertificate>) => {
    const made = await issueCertificate({ ...wish, ...over }, ca);
    return (at = now) => judgeExternalCertificate(wish, made.certificatePem, made.key, ca.certificatePem, at).map(({ what }) => what);
  };
  t.deepEqual((await given({ organizations: ["more"] }))(), []);
  t.deepEqual((await given({ usages: [] }))(), []);
  t.deepEqual((await given({ usages: ["serverAuth"] }))(), ["usages"]);
  const exact = await given({});
  t.deepEqual([exact(after(364)), exact(after(365))], [[], ["expiry"]]);
  const member = { ...wish, organizations: ["system:nodes"] };
  t.deepEqual(
    judgeExternalCertificate(member, issued.certificatePem, issued.key, ca.certificatePem, now).map(({ what }) => what),
    ["organization"],
  );
});
