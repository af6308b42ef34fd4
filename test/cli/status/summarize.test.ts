import test from "ava";
import { readCertificates, unreadable } from "../../../src/cli/status/certificates.ts";
import type { Answer } from "../../../src/cli/status/deadline.ts";
import type { CertificateStatus } from "../../../src/cli/status/document.ts";
import type { Findings } from "../../../src/cli/status/gather.ts";
import type { HostLook } from "../../../src/cli/status/look-at-host.ts";
import { printStatus } from "../../../src/cli/status/print.ts";
import { summarize } from "../../../src/cli/status/summarize.ts";
import { createColours } from "../../../src/ui/colours.ts";
import { testCluster, testHost } from "../../kubernetes/fixture.ts";

const cluster = testCluster({
  network: { plugin: "flannel", version: "0.26.7", registry: "ghcr.io/flannel-io", backend: "vxlan" },
  hosts: [testHost({ name: "cp1", nodeName: "cp1", role: "control-plane" }), testHost({ name: "w1", nodeName: "node-w1" })],
});

function node(name: string, isReady: boolean, labels = {}) {
  const why = isReady ? undefined : "Kubelet stopped posting node status.";
  return {
    name,
    isReady,
    labels,
    taints: [],
    saidAt: 0,
    annotations: {},
    internalAddress: "192.0.2.1",
    kubeletVersion: "v1.36.3",
    runtime: "containerd://2.2.9",
    why,
  };
}

function look(ports: readonly number[]): Answer<HostLook> {
  const facts = { listening: ports.map((port) => ({ port, command: "" })) };
  return { value: { facts } as unknown as HostLook };
}

const components = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];
const pods = components.map((component) => ({ component, node: "cp1", ready: true, image: `registry.k8s.io/${component}:v1.36.3` }));

function workload(name: string, ready: number, image: string) {
  return { name, ready, wished: 2, ok: ready === 2, image };
}

const workloads = [
  workload("DaemonSet/kube-flannel/kube-flannel-ds", 2, "ghcr.io/flannel-io/flannel:v0.26.7"),
  workload("DaemonSet/kube-system/kube-proxy", 2, "registry.k8s.io/kube-proxy:v1.36.2"),
  workload("Deployment/kube-system/coredns", 2, "registry.k8s.io/coredns/coredns:v1.14.2"),
];

function certificate(certificate: string, days: number) {
  return { host: "cp1", certificate, expires: "2027-01-02T03:04:05.000Z", days, why: null };
}

const well: Findings = {
  hosts: new Map([
    ["cp1", look([2379, 6443, 10257, 10259])],
    ["w1", look([])],
  ]),
  certificates: new Map([
    ["cp1", { value: [certificate("ca", 3000), certificate("apiserver", 300)] }],
    ["w1", { value: [{ ...certificate("kubelet.conf", 200), host: "w1" }] }],
  ]),
  apiServers: new Map([["cp1", { value: { ready: true, failing: [], version: "1.36.3" } }]]),
  etcd: new Map([["cp1", { value: { healthy: true, reason: undefined, databaseBytes: 2_600_000, version: "3.6.8" } }]]),
  nodes: { value: [node("cp1", true, { "node-role.kubernetes.io/control-plane": "" }), node("node-w1", true)] },
  pods: { value: pods },
  workloads: { value: workloads },
  network: new Map(),
};

const noApi = { unknown: "no API server is ready" };

test("a cluster that is well has no problem, and its certificates stand by their end", (t) => {
  const status = summarize(cluster, well);
  t.true(status.ok);
  t.deepEqual(status.problems, []);
  t.deepEqual(
    status.certificates.map(({ host, certificate }) => `${host} ${certificate}`),
    ["w1 kubelet.conf", "cp1 apiserver", "cp1 ca"],
  );
  t.snapshot(printStatus(status));
});

test("the document has the same fields whatever is known", (t) => {
  const unknown = { unknown: "no answer in time" };
  const nothing = (map: ReadonlyMap<string, unknown>) => new Map([...map.keys()].map((key) => [key, unknown]));
  const status = summarize(cluster, {
    hosts: nothing(well.hosts),
    certificates: nothing(well.certificates),
    apiServers: nothing(well.apiServers),
    etcd: nothing(well.etcd),
    nodes: unknown,
    pods: unknown,
    workloads: unknown,
    network: new Map(),
  });
  t.deepEqual(Object.keys(status).toSorted(), Object.keys(summarize(cluster, well)).toSorted());
  t.false(status.ok);
  t.deepEqual(status.problems, ["cp1: not reached: no answer in time", "w1: not reached: no answer in time"]);
  t.false(JSON.stringify(status).includes("undefined"));
  t.deepEqual(status.nodes, { unknown: "no answer in time", items: [] });
  t.is(status.controlPlane[0]?.state, "unknown");
});

test("a version that differs is shown, and is no problem", (t) => {
  const { versions, ok } = summarize(cluster, well);
  t.deepEqual(
    versions.filter(({ wished, running }) => wished !== running),
    [{ what: "kube-proxy", where: "cluster", wished: "1.36.3", running: "1.36.2" }],
  );
  t.is(versions.length, 9);
  t.true(ok);
});

test("a node that no host of the inventory is is shown as such, and is no problem", (t) => {
  const nodes = [node("cp1", true), node("node-w1", true), node("old", true)];
  const status = summarize(cluster, { ...well, nodes: { value: nodes } });
  t.deepEqual(
    status.nodes.items.map(({ inInventory }) => inInventory),
    [true, true, false],
  );
  t.regex(printStatus(status), /^old \(not in the inventory\) /m);
  t.true(status.ok);
});

const finds = test.macro((t, changes: Partial<Findings>, expected: readonly string[]) => {
  const status = summarize(cluster, { ...well, ...changes });
  t.deepEqual(status.problems, expected);
  t.is(status.ok, expected.length === 0);
  t.true(printStatus(status).endsWith(`not well:\n  ${expected.join("\n  ")}\n`));
});

test("an unreached worker", finds, { hosts: new Map([...well.hosts, ["w1", { unknown: "nothing listens on port 22" }]]) }, [
  "w1: not reached: nothing listens on port 22",
]);
test("a node that is not ready", finds, { nodes: { value: [node("cp1", true), node("node-w1", false)] } }, [
  "node node-w1 is not ready: Kubelet stopped posting node status.",
]);
test("a host that is no node", finds, { nodes: { value: [node("cp1", true)] } }, ["node-w1 has not joined the cluster"]);
test(
  "a stopped API server: what listens is told by the host",
  finds,
  {
    hosts: new Map([...well.hosts, ["cp1", look([2379, 10257, 10259])]]),
    apiServers: new Map([["cp1", { unknown: "connection refused" }]]),
    nodes: noApi,
    pods: noApi,
    workloads: noApi,
  },
  ["cp1: the API server does not answer as it should: connection refused", "cp1: kube-apiserver is stopped"],
);
test(
  "a stopped etcd",
  finds,
  {
    hosts: new Map([...well.hosts, ["cp1", look([6443, 10257, 10259])]]),
    apiServers: new Map([["cp1", { value: { ready: false, failing: ["etcd", "etcd-readiness"], version: "1.36.3" } }]]),
    etcd: new Map([["cp1", { unknown: "connection refused" }]]),
    nodes: noApi,
    pods: noApi,
    workloads: noApi,
  },
  [
    "cp1: the API server does not answer as it should: it is not ready: etcd, etcd-readiness",
    "cp1: etcd does not answer as it should: connection refused",
    "cp1: etcd is stopped",
  ],
);
test(
  "an etcd without a leader",
  finds,
  { etcd: new Map([["cp1", { value: { healthy: false, reason: "RAFT NO LEADER", databaseBytes: 1, version: "3.6.8" } }]]) },
  ["cp1: etcd does not answer as it should: RAFT NO LEADER"],
);
test(
  "parts of the control plane that are missing or not ready",
  finds,
  { pods: { value: pods.slice(0, 3).map((pod) => ({ ...pod, ready: pod.component !== "etcd" })) } },
  ["cp1: etcd is not ready", "cp1: kube-scheduler is missing"],
);
test("workloads that are behind", finds, { workloads: { value: workloads.map((one) => ({ ...one, ready: 1, ok: false })) } }, [
  "pod network, DaemonSet/kube-flannel/kube-flannel-ds: 1 of 2 pods ready",
  "DaemonSet/kube-system/kube-proxy: 1 of 2 pods ready",
  "Deployment/kube-system/coredns: 1 of 2 pods ready",
]);
test("a network whose DaemonSet is not there", finds, { workloads: { value: workloads.slice(1) } }, [
  "pod network, DaemonSet/kube-flannel/kube-flannel-ds: missing",
]);
test(
  "what the network says of a host",
  finds,
  { network: new Map([["w1", { value: { ok: false, summary: "0 of 1 peers", problems: ["no route"] } }]]) },
  ["pod network, w1: 0 of 1 peers; no route"],
);
test("a part that gives no answer while the API is there", finds, { workloads: { unknown: "no answer in time" } }, [
  "pod network: unknown: no answer in time",
  "addons: unknown: no answer in time",
]);
test(
  "certificates that end within 30 days, and one that has ended",
  finds,
  { certificates: new Map([["cp1", { value: [certificate("a", 30), certificate("b", 29), certificate("c", -1)] }]]) },
  ["cp1: certificate c expired on 2027-01-02", "cp1: certificate b expires in 29 days, on 2027-01-02"],
);

test(
  "a certificate that cannot be read, beside those that can, and a host that does not say",
  finds,
  {
    certificates: new Map<string, Answer<readonly CertificateStatus[]>>([
      ["cp1", { value: [certificate("a", 300), unreadable("cp1", "b", "it holds none")] }],
      ["w1", { unknown: "no answer in time" }],
    ]),
  },
  ["cp1: certificate b cannot be read: it holds none", "w1: certificate all cannot be read: no answer in time"],
);

test("a damaged file hides no other certificate of its host", (t) => {
  const read = readCertificates("cp1", `== broken\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n== empty\n`, new Date());
  t.deepEqual(
    read.map(({ certificate: name, expires }) => [name, expires]),
    [
      ["broken", null],
      ["empty", null],
    ],
  );
});

test("colours only colour", (t) => {
  const status = summarize(cluster, { ...well, nodes: { value: [] } });
  const coloured = printStatus(status, createColours(true));
  t.not(coloured, printStatus(status));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the colours
  t.is(coloured.replaceAll(/\x1b\[\d+m/g, ""), printStatus(status));
});
