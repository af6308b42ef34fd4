import test from "ava";
import { stringify } from "yaml";
import { clusterOfRecord } from "../../src/machine/reset-cluster.ts";

const state = (made: Readonly<Record<string, unknown>>) =>
  JSON.stringify({ version: 1, cluster: "kubernetes", made: Object.fromEntries(Object.entries(made)) });

const facts = (made: Readonly<Record<string, unknown>>, manifests: Readonly<Record<string, string>> = {}) =>
  ({ state: state(made), kubernetes: { manifests } }) as unknown as Parameters<typeof clusterOfRecord>[0];

const controllerManager = stringify({
  spec: { containers: [{ name: "kube-controller-manager", command: ["kube-controller-manager", "--root-ca-file=/srv/pki/ca.crt"] }] },
});

test("certificates are where the CA was put, else where the control plane reads it", (t) => {
  const put = { "shared-secret:ca": { paths: ["/srv/own/ca.crt", "/srv/own/ca.key"] } };
  t.is(clusterOfRecord(facts(put, { "kube-controller-manager": controllerManager })).certificatesDir, "/srv/own");
  t.is(clusterOfRecord(facts({ "file:/srv/worker/ca.crt": { paths: ["/srv/worker/ca.crt"] } })).certificatesDir, "/srv/worker");
  // an external CA is its owner's
  t.is(clusterOfRecord(facts({}, { "kube-controller-manager": controllerManager })).certificatesDir, "/srv/pki");
  t.is(clusterOfRecord(facts({})).certificatesDir, "/etc/kubernetes/pki");
});
