import test from "ava";
import { wantedBy } from "../../src/cli/operate.ts";
import type { Artifacts, StoredFile } from "../../src/engine/contracts.ts";
import { assertWay, listPairs } from "../../src/engine/pairs.ts";
import type { Facts } from "../../src/host/facts.ts";
import { bootstrapWay } from "../../src/steps/index.ts";
import { noArtifacts } from "../support/kind.ts";
import { smallCluster } from "../support/small-cluster.ts";

const cluster = smallCluster(
  "{ name: cp1, role: control-plane, address: 192.0.2.1 }",
  "{ name: w1, role: worker, address: 192.0.2.2, labels: { disk: fast } }",
);

test("each step comes after those that it names", (t) => {
  t.notThrows(() => assertWay(bootstrapWay));
});

test("every edge of a step leads to a step that runs on one of its hosts, or on some host", (t) => {
  const pairs = listPairs(bootstrapWay, cluster);
  for (const step of bootstrapWay) {
    for (const edge of step.after) {
      t.true(
        pairs.some((pair) => pair.step.id === edge.step),
        `${step.id} after ${edge.step}`,
      );
    }
  }
});

test("what the steps take from the sources is what the sources are asked for beforehand", (t) => {
  const taken = new Set<string>();
  const artifacts: Artifacts = {
    ...noArtifacts,
    file(name, version, architecture) {
      taken.add(`${name} ${version}`);
      const anyMember = { find: () => ({ path: "", sha256: "" }) } as unknown as StoredFile["members"];
      return {
        name,
        version,
        architecture,
        format: "raw",
        sha256: "",
        payload: () => Promise.reject(new Error("nothing is read")),
        members: anyMember,
      };
    },
    image(name, architecture) {
      taken.add(name);
      return { name, architecture, digest: "", blobs: [] };
    },
  };
  const facts = new Map(
    cluster.hosts.map(({ name }) => [name, { architecture: "amd64", directories: [], nameservers: [] } as unknown as Facts]),
  );
  const site = { cluster, facts, artifacts, live: undefined, nodeAddress: new Map(), unreachable: new Map(), now: new Date() };
  for (const id of ["containerd", "images", "addon-images", "kubernetes"]) {
    for (const { name } of cluster.hosts) bootstrapWay.find((step) => step.id === id)?.resources?.(site, name);
  }
  const { files, images } = wantedBy(cluster, "control-plane");
  t.deepEqual([...taken].sort(), [...files.map(({ name, version }) => `${name} ${version}`), ...images].sort());
});

test("authorities, certificates and manifests belong to control planes, joining to workers", (t) => {
  const on = (id: string) => bootstrapWay.find((step) => step.id === id)?.on(cluster);
  for (const id of ["shared-secrets", "certificates", "kubeconfigs", "control-plane", "kubelet", "api"]) t.deepEqual(on(id), ["cp1"], id);
  for (const id of ["join", "worker-kubelet"]) t.deepEqual(on(id), ["w1"], id);
  for (const id of ["cluster-config", "network", "kube-proxy", "coredns", "addons-ready"]) t.deepEqual(on(id), ["cluster"], id);
  for (const id of ["kernel", "containerd", "images", "kubernetes", "kubelet-config", "node-ready"]) t.deepEqual(on(id), ["cp1", "w1"], id);
});

test("what an action changes stands in the plan, by which a saved one is compared; those that only wait say nothing", (t) => {
  const silent = bootstrapWay.flatMap(({ action }) => (action === undefined || action.changes !== undefined ? [] : [action.describe]));
  t.deepEqual(
    silent.filter((describe) => !describe.startsWith("wait until")),
    [],
  );
  t.true(silent.length > 0);
});
