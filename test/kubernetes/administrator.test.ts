import { X509Certificate } from "node:crypto";
import test from "ava";
import { Vault } from "../../src/engine/vault.ts";
import type { Facts } from "../../src/host/facts.ts";
import type { Host } from "../../src/host/host.ts";
import { administratorAccess, learnCa } from "../../src/kubernetes/administrator.ts";
import { issueCa, issueCertificate } from "../../src/pki/issue.ts";
import { buildKubeconfig } from "../../src/pki/kubeconfig.ts";
import { Secret } from "../../src/secret.ts";
import { smallCluster } from "../support/small-cluster.ts";

const cluster = smallCluster("{ name: cp1, role: control-plane, address: 192.0.2.1 }", "{ name: w1, role: worker, address: 192.0.2.2 }");
const now = new Date();
const newCa = () => issueCa({ commonName: "kubernetes", validityDays: 10, now, algorithm: "ECDSA-P256" });
const ca = await newCa();
const { signal } = new AbortController();

async function kubeconfigOf(commonName: string, { signer = ca, validityDays = 1 } = {}): Promise<Secret> {
  const wish = { commonName, usages: ["clientAuth"], dnsNames: [], ipAddresses: [], validityDays, now, algorithm: "ECDSA-P256" } as const;
  const issued = await issueCertificate(wish, signer);
  return buildKubeconfig({ server: "https://192.0.2.1:6443", caCert: signer.certificatePem, user: commonName, ...issued });
}

const factsWith = (of: Partial<Facts["kubernetes"]>, ofWorker: Partial<Facts["kubernetes"]> = {}) =>
  new Map(
    Object.entries({ cp1: of, w1: ofWorker }).map(([name, kubernetes]) => [name, { kubernetes: { administrators: [], ...kubernetes } }]),
  ) as unknown as ReadonlyMap<string, Facts>;

/** By whose certificate the API is asked; undefined where nothing makes an administrator. */
async function administratorBy(facts: ReadonlyMap<string, Facts>): Promise<string | undefined> {
  const vault = new Vault();
  const caCert = learnCa(cluster, facts, vault);
  if (caCert === undefined) return undefined;
  const { credential } = await administratorAccess({ host: {} as Host, ports: [6443] }, vault, signal);
  return credential !== undefined && "certificatePem" in credential
    ? new X509Certificate(credential.certificatePem).subject.split("\n").at(-1)
    : undefined;
}

test("where the CA's key is at hand, an administrator's certificate is issued in memory", async (t) => {
  const administrators = [await kubeconfigOf("kubernetes-admin")];
  const own = factsWith({ caCert: ca.certificatePem, caKey: ca.key, administrators });
  t.is(await administratorBy(own), "CN=kubernetes-super-admin");
  t.is(await administratorBy(factsWith({})), undefined);
  const { key: foreign } = await newCa();
  for (const caKey of [foreign, new Secret(""), new Secret("no key")]) {
    t.is(await administratorBy(factsWith({ caCert: ca.certificatePem, caKey })), undefined);
  }
});

test("where it is elsewhere, the first kubeconfig that is of the CA and valid is taken, and without one there is no administrator", async (t) => {
  const foreign = await kubeconfigOf("foreign", { signer: await newCa() });
  const over = await kubeconfigOf("over", { validityDays: 0 });
  const good = await kubeconfigOf("kubernetes-admin");
  const external = { caCert: ca.certificatePem, caKey: undefined };
  t.is(await administratorBy(factsWith({ ...external, administrators: [foreign, over, good] })), "CN=kubernetes-admin");
  t.is(await administratorBy(factsWith({ ...external, administrators: [foreign, over] })), undefined);
  t.is(await administratorBy(factsWith({}, { ...external, administrators: [good] })), undefined); // a worker's tells nothing
});

test("a CA that cannot be read, or whose key is another, makes no administrator", async (t) => {
  const { certificatePem: caCert, key } = ca;
  const unreadable = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  for (const caKey of [new Secret(""), new Secret("junk"), (await newCa()).key]) {
    t.is(await administratorBy(factsWith({ caCert, caKey })), undefined);
  }
  t.is(await administratorBy(factsWith({ caCert: unreadable, caKey: key })), undefined);
  const administrators = [await kubeconfigOf("kubernetes-admin")];
  t.is(await administratorBy(factsWith({ caCert: unreadable, administrators })), undefined);
});
