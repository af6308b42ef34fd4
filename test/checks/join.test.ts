import test from "ava";
import { joinChecks } from "../../src/checks/join.ts";
import type { Site } from "../../src/engine/contracts.ts";
import type { Live } from "../../src/kubernetes/live.ts";
import { issueCa, issueCertificate } from "../../src/pki/issue.ts";

const now = new Date();
const ca = await issueCa({ commonName: "kubernetes", validityDays: 1, now, algorithm: "ECDSA-P256" });

async function kubeletCertificate(nodeName: string): Promise<string> {
  const wish = { commonName: `system:node:${nodeName}`, usages: ["clientAuth"], dnsNames: [], ipAddresses: [] } as const;
  return (await issueCertificate({ ...wish, validityDays: 1, now, algorithm: "ECDSA-P256" }, ca)).certificatePem;
}

/** Messages about a machine `vm1` that joins as `node1`. */
function problemsOf(kubernetes: object, nodes: readonly (readonly [string, boolean])[] = []): readonly string[] {
  const site = {
    facts: new Map([["vm1", { kubernetes: { manifests: {}, ...kubernetes } }]]),
    live: { caCert: ca.certificatePem, nodes: new Map(nodes.map(([name, isReady]) => [name, { isReady }])) },
  } as unknown as Site<Live>;
  return joinChecks("vm1", "node1").flatMap((check) => check.problems(site).map(({ message }) => `${check.name}: ${message}`));
}

test("a bare machine may join, also in place of a node that is gone", (t) => {
  t.deepEqual(problemsOf({}), []);
  t.deepEqual(problemsOf({}, [["node1", false]]), []);
});

test("a machine that has joined may join again as the same node, and as no other", async (t) => {
  t.deepEqual(problemsOf({ kubeletCertificate: await kubeletCertificate("node1") }, [["node1", true]]), []);
  t.deepEqual(problemsOf({ kubeletCertificate: await kubeletCertificate("node2") }, [["node1", true]]), [
    "other-node: this machine is the node node2 already",
  ]);
});

test("the name of a node that is Ready is taken", (t) => {
  t.deepEqual(problemsOf({}, [["node1", true]]), ["node-name: the cluster has a node node1 already, which is Ready"]);
});

test("a machine of another cluster, and a control plane, are refused", async (t) => {
  const other = await issueCa({ commonName: "kubernetes", validityDays: 1, now, algorithm: "ECDSA-P256" });
  t.deepEqual(problemsOf({ caCert: other.certificatePem }), [
    "other-cluster: this machine belongs to another cluster: its CA is another one",
  ]);
  t.deepEqual(problemsOf({ manifests: { etcd: "" } }), ["control-plane-here: this machine is a control plane"]);
});
