import test from "ava";
import type { Site } from "../../src/engine/contracts.ts";
import type { Live } from "../../src/kubernetes/live.ts";
import { issueCa, issueCertificate } from "../../src/pki/issue.ts";
import { kubeletWish } from "../../src/pki/judge.ts";
import { hasJoined } from "../../src/steps/has-joined.ts";
import { joinWorker } from "../../src/steps/join-worker.ts";
import { testCluster, testHost } from "../kubernetes/fixture.ts";

const now = new Date("2026-11-24T12:00:00Z");
const newCa = (commonName: string) => issueCa({ commonName, validityDays: 3650, now, algorithm: "ECDSA-P256" });
const [ca, other] = [await newCa("kubernetes"), await newCa("other")];
const issue = async (authority = ca, nodeName = "n1", days = 10) =>
  (await issueCertificate({ ...kubeletWish(nodeName), validityDays: days, now, algorithm: "ECDSA-P256" }, authority)).certificatePem;

function siteWith(kubeletCertificate: string | undefined, { knowsCa = true, at = now, live = {} } = {}): Site<Live> {
  const hosts = [testHost({ name: "cp1", role: "control-plane" }), testHost({ name: "w1", nodeName: "n1" })];
  const facts = new Map([
    ["cp1", { kubernetes: { caCert: knowsCa ? ca.certificatePem : undefined } }],
    ["w1", { kubernetes: { kubeletCertificate } }],
  ]);
  return { cluster: testCluster({ hosts }), facts, now: at, ...live } as unknown as Site<Live>;
}

/** What a plan says of the join, undefined when it is done. */
function planned(site: Site<Live>) {
  if (joinWorker.action?.isDone(site, "w1", new Set())) return undefined;
  return joinWorker.action?.changes?.(site, "w1").flatMap(({ id, differences }) => differences.map((one) => ({ id, ...one })));
}

test("a kubelet with a certificate of the cluster for its node has joined, without one it has not", async (t) => {
  t.is(planned(siteWith(await issue())), undefined);
  t.deepEqual(planned(siteWith(undefined)), [{ id: "node:n1", what: "join", to: "joined" }]);
});

test("a certificate of another CA, of another node, or that is over is a reason to join anew, and the plan says so", async (t) => {
  const from = (site: Site<Live>) => planned(site)?.[0]?.from;
  t.is(from(siteWith(await issue(other))), "signer signed by another CA (other)");
  t.is(from(siteWith(await issue(ca, "n2"))), "common name system:node:n2");
  t.is(from(siteWith(await issue(), { at: new Date("2026-12-25T12:00:00Z") })), "expiry expired 21 days ago");
  t.is(from(siteWith("-----BEGIN CERTIFICATE-----\nx\n")), "certificate cannot be read");
});

test("while no CA is known a certificate is believed", async (t) => {
  t.true(hasJoined(siteWith(await issue(other), { knowsCa: false }), "w1"));
});

test("a machine that joins by itself judges its certificate by the CA of the API that it found", async (t) => {
  const alone = { knowsCa: false, live: { live: { caCert: `${other.certificatePem}${ca.certificatePem}` } } };
  t.is(planned(siteWith(await issue(), alone)), undefined);
  const over = siteWith(await issue(), { ...alone, at: new Date("2026-12-25T12:00:00Z") });
  t.deepEqual(planned(over), [{ id: "node:n1", what: "join", from: "expiry expired 21 days ago", to: "joined" }]);
  const foreign = siteWith(await issue(await newCa("third")), alone);
  t.is(planned(foreign)?.[0]?.from, "signer signed by another CA (third)");
});
