import test from "ava";
import { parse, stringify } from "yaml";
import { KbootError } from "../../src/errors.ts";
import type { Facts } from "../../src/host/facts.ts";
import { describeCluster } from "../../src/inventory/describe.ts";
import { parseInventory } from "../../src/inventory/parse.ts";
import { describeKbootCluster, describeKubeadmCluster, type Look } from "../../src/kubeadm/describe-running.ts";
import type { HostKubelet } from "../../src/kubeadm/host-kubelet.ts";
import { kbootConfig } from "../../src/kubernetes/kboot-config.ts";
import { parseKubeadmDocuments } from "../../src/kubernetes/kubeadm-documents/parse.ts";
import { kubeletFlagsEnv, kubeletRegistrationEnv, nodeKubeletConfiguration } from "../../src/kubernetes/kubelet.ts";
import type { LiveNode } from "../../src/kubernetes/live.ts";
import { compareMarks, patchMarks } from "../../src/steps/node-marks.ts";
import { testAudit, testCluster, testHost } from "../kubernetes/fixture.ts";

const file = "/home/me/kboot.yaml";
const ssh = { user: "admin", port: 22, identityFiles: [], knownHostsFile: "/home/me/.ssh/known_hosts", connectTimeoutSeconds: 10 };

function node(name: string, internalAddress: string, over: Partial<LiveNode> = {}): LiveNode {
  const labels = { "kubernetes.io/hostname": name, "beta.kubernetes.io/os": "linux", ...over.labels };
  return { name, isReady: true, saidAt: 0, annotations: {}, taints: [], kubeletVersion: "v1.36.3", internalAddress, ...over, labels };
}

const controlPlane = {
  labels: { "node-role.kubernetes.io/control-plane": "", "node.kubernetes.io/exclude-from-external-load-balancers": "" },
  taints: [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" as const }],
};
const apiServer = stringify({ spec: { containers: [{ command: ["kube-apiserver", "--advertise-address=10.0.0.1"] }] } });

function factsWith(over: { readonly manifests?: Readonly<Record<string, string>>; readonly state?: string }): Facts {
  return { resolvedActive: false, state: over.state, kubernetes: { manifests: over.manifests ?? {} } } as unknown as Facts;
}

const kubeadm =
  "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.36.3\nnetworking: { podSubnet: 10.244.0.0/16 }\n";

function look(over: Partial<Look> & { readonly text?: string } = {}): Look {
  const { text = kubeadm, ...rest } = over;
  return {
    running: {
      nodes: [node("cp1", "10.0.0.1", controlPlane)],
      kbootConfig: undefined,
      documents: () => parseKubeadmDocuments(text, "kubeadm-config"),
    },
    seen: new Map([
      [
        "cp1",
        {
          facts: factsWith({ manifests: { "kube-apiserver": apiServer } }),
          kubelet: { configuration: undefined, flags: [], networks: [] },
        },
      ],
    ]),
    addresses: new Map([["cp1", "10.0.0.1"]]),
    ssh,
    file,
    home: "/home/me",
    ...rest,
  };
}

/** As the file has it that is written. */
function specOf({ cluster }: { readonly cluster: Parameters<typeof describeCluster>[0] }) {
  const text = stringify(describeCluster(cluster));
  const { problems } = parseInventory(text, { file, home: "/home/me" });
  return { spec: describeCluster(cluster).spec, problems };
}

const ofOwner = { containerRuntime: { from: "host" }, kubernetes: { from: "host" } };

test("without an endpoint, the API is the control plane that was looked at", (t) => {
  const found = describeKubeadmCluster(look(), "lab");
  t.deepEqual(found.notTaken, []);
  t.deepEqual(specOf(found), {
    spec: {
      kubernetesVersion: "1.36.3",
      apiEndpoint: { host: "10.0.0.1" },
      ssh: { user: "admin", knownHostsFile: "/home/me/.ssh/known_hosts" },
      network: { plugin: "none" },
      hosts: [{ name: "cp1", address: "10.0.0.1", role: "control-plane", ...ofOwner }],
    } as never,
    problems: undefined,
  });
});

test("the API servers' port is that of the control plane that was looked at, and another one's is named", (t) => {
  const listening = (port: number) => ({
    facts: factsWith({ manifests: { "kube-apiserver": apiServer.replace(/(.*)--advertise.*/, `$&\n$1--secure-port=${port}`) } }),
    kubelet: { configuration: undefined, flags: [], networks: [] },
  });
  const seen = new Map([
    ["cp1", listening(7443)],
    ["cp2", listening(8443)],
  ]);
  const found = describeKubeadmCluster(look({ seen }), "lab");
  t.deepEqual(specOf(found).spec.apiEndpoint, { host: "10.0.0.1", bindPort: 7443 });
  t.deepEqual(
    found.notTaken.map(({ field, message }) => `${field}: ${message}`),
    ["node cp2: has its API server on port 8443; the control planes of an inventory have one port, apiEndpoint.bindPort"],
  );
});

test("a node keeps its labels and taints, but for those that come by themselves", (t) => {
  const worker = node("worker1", "10.0.0.2", {
    labels: { disk: "ssd", "topology.kubernetes.io/zone": "a", "kubernetes.io/arch": "amd64" },
    taints: [
      { key: "example.com/gpu", value: "", effect: "NoSchedule" },
      { key: "node.kubernetes.io/not-ready", effect: "NoExecute" },
    ],
  });
  const untainted = node("cp1", "10.0.0.1", { labels: controlPlane.labels });
  const base = look();
  const { cluster, notTaken } = describeKubeadmCluster(
    { ...base, running: { ...base.running, nodes: [untainted, worker] }, addresses: new Map([...base.addresses, ["worker1", "10.0.0.2"]]) },
    "lab",
  );
  t.deepEqual(cluster.hosts[0]?.taints, []);
  t.like(cluster.hosts[1], {
    role: "worker",
    labels: { disk: "ssd", "topology.kubernetes.io/zone": "a" },
    taints: [{ key: "example.com/gpu", effect: "NoSchedule" }],
  });
  t.deepEqual(
    notTaken.map(({ field }) => field),
    ["node worker1"],
  );
});

test("a kubelet that has been told more by files of its own is told the same by its host's entry", (t) => {
  const base = look();
  const { configuration } = { configuration: { ...nodeKubeletConfiguration(testCluster(), testHost(), { resolvedActive: false }) } };
  const kubelet: HostKubelet = {
    configuration: { ...configuration, maxPods: 55, rotateCertificates: undefined, cpuManagerReconcilePeriod: "0s" },
    flags: [{ name: "node-ip", value: "10.0.0.1" }],
    networks: ["10-own.conflist"],
  };
  const own = kubelet.configuration as Record<string, unknown>;
  delete own["rotateCertificates"];
  const [seen] = base.seen.values();
  const found = describeKubeadmCluster({ ...base, seen: new Map([["cp1", { facts: seen?.facts as Facts, kubelet }]]) }, "lab");
  const [host] = found.cluster.hosts;
  t.deepEqual(host?.kubelet, { maxPods: 55, rotateCertificates: null });
  t.deepEqual(host?.kubeletExtraArgs, kubelet.flags);
  t.deepEqual(found.ownNetwork, ["10-own.conflist"]);
  t.is(specOf(found).problems, undefined);
});

test("an address that is not the node's own leaves the node its address", (t) => {
  const { cluster } = describeKubeadmCluster(look({ addresses: new Map([["cp1", "203.0.113.9"]]) }), "lab");
  t.like(cluster.hosts[0], { address: "203.0.113.9", nodeAddress: "10.0.0.1" });
});

test("an audit policy is named beside the inventory, and where it is on the host", (t) => {
  const text = `${kubeadm}apiServer:
  extraArgs: [{ name: audit-policy-file, value: /etc/audit/policy.yaml }, { name: audit-log-path, value: /var/log/k8s/audit.log }]
  extraVolumes:
    - { name: a, hostPath: /srv/policy.yaml, mountPath: /etc/audit/policy.yaml }
    - { name: b, hostPath: /var/log/k8s, mountPath: /var/log/k8s }
`;
  const { cluster, auditPolicyPath } = describeKubeadmCluster(look({ text }), "lab");
  t.is(auditPolicyPath, "/srv/policy.yaml");
  t.like(cluster.audit, { policyFile: "audit-policy.yaml", logPath: "/var/log/k8s/audit.log", maxAgeDays: 0 });
});

function recorded(cluster: Parameters<typeof kbootConfig>[0]): Readonly<Record<string, string>> {
  return kbootConfig(cluster)[0]?.object["data"] as Readonly<Record<string, string>>;
}

test("an inventory comes back with the addresses of its nodes, and with nodes that are not in it", (t) => {
  const cluster = testCluster({
    audit: testAudit,
    hosts: [
      testHost({ name: "first", nodeName: "cp1", role: "control-plane", address: "192.0.2.1", nodeAddress: "10.0.0.1" }),
      testHost({ name: "gone", nodeName: "gone" }),
    ],
  });
  const base = look();
  const state = JSON.stringify({ version: 1, resources: {} });
  const found = describeKbootCluster({
    ...base,
    running: { ...base.running, nodes: [...base.running.nodes, node("worker9", "10.0.0.9")], kbootConfig: recorded(cluster) },
    seen: new Map([
      ...base.seen,
      ["worker9", { facts: factsWith({ state }), kubelet: { configuration: undefined, flags: [], networks: [] } }],
    ]),
    addresses: new Map([
      ["cp1", "10.0.0.1"],
      ["worker9", "10.0.0.9"],
    ]),
  });
  t.deepEqual(
    found?.cluster.hosts.map(({ name, address, nodeName, kubernetes }) => [name, address, nodeName, kubernetes.from]),
    [
      ["first", "10.0.0.1", "cp1", "sources"],
      ["gone", "gone", "gone", "sources"],
      ["worker9", "10.0.0.9", "worker9", "host"],
    ],
  );
  t.deepEqual(
    found?.notTaken.map(({ field }) => field),
    ["host gone"],
  );
  t.like(found?.cluster.audit, { policyFile: "audit-policy.yaml", policy: testAudit.policy });
  t.is(found && specOf(found).problems, undefined);
});

test("a worker that joined by itself comes back with all that it was told, so that nothing is to be changed there", (t) => {
  const cluster = testCluster({
    hosts: [testHost({ name: "cp1", nodeName: "cp1", role: "control-plane", address: "10.0.0.1" })],
    kubelet: { maxPods: 99 },
    extraArgs: { ...testCluster().extraArgs, kubelet: [{ name: "v", value: "2" }] },
  });
  const joined = testHost({
    name: "vm7",
    nodeName: "vm7",
    nodeAddress: "10.0.0.7",
    labels: { disk: "ssd" },
    taints: [{ key: "gpu", value: "yes", effect: "NoSchedule" }],
    kubelet: { maxPods: 9, evictionHard: { "memory.available": "5%" } },
    kubeletExtraArgs: [
      { name: "v", value: "4" },
      { name: "register-schedulable", value: "false" },
    ],
  });
  const state = (...ids: string[]) => JSON.stringify({ version: 1, cluster: "lab", made: Object.fromEntries(ids.map((id) => [id, {}])) });
  const facts = { ...factsWith({ state: state("binary:/usr/local/bin/kubelet", "package:containerd.io") }), hostname: "debian" };
  const written = {
    config: stringify(nodeKubeletConfiguration(cluster, joined, facts)),
    flags: kubeletFlagsEnv(cluster, joined, "10.0.0.7", facts),
    registration: kubeletRegistrationEnv(joined),
  };
  const [, words = ""] = /"(.*)"/.exec(written.flags) ?? [];
  const kubelet: HostKubelet = {
    configuration: parse(written.config) as Record<string, unknown>,
    flags: words.split(" ").map((word) => ({ name: word.slice(2).split("=")[0] ?? "", value: word.split(/=(.*)/)[1] ?? "" })),
    networks: [],
  };
  const live = node("vm7", "10.0.0.7", { labels: joined.labels, taints: joined.taints });
  const base = look();
  const found = describeKbootCluster({
    ...base,
    running: { ...base.running, nodes: [...base.running.nodes, live], kbootConfig: recorded(cluster) },
    seen: new Map([...base.seen, ["vm7", { facts, kubelet }]]),
    addresses: new Map([...base.addresses, ["vm7", "10.0.0.7"]]),
  });
  t.deepEqual(found?.notTaken, []);
  const { cluster: again } = parseInventory(found === undefined ? "" : stringify(describeCluster(found.cluster)), {
    file,
    home: "/home/me",
  });
  const host = again?.hosts.find(({ name }) => name === "vm7");
  if (again === undefined || host === undefined) return t.fail("the inventory that came back is none");
  t.deepEqual(
    {
      config: stringify(nodeKubeletConfiguration(again, host, facts)),
      flags: kubeletFlagsEnv(again, host, "10.0.0.7", facts),
      registration: kubeletRegistrationEnv(host),
    },
    written,
  );
  t.like(host, { kubernetes: { from: "sources" }, containerRuntime: { from: "package", package: "containerd.io" } });
  const annotations = patchMarks(joined, live)?.metadata.annotations as LiveNode["annotations"];
  t.deepEqual(compareMarks(host, { ...live, annotations }), []);
});

test("a node that has come without kboot and was not reached is told", (t) => {
  const base = look();
  const nodes = [...base.running.nodes, node("vm8", "10.0.0.8")];
  const found = describeKbootCluster({ ...base, running: { ...base.running, nodes, kbootConfig: recorded(testCluster()) } });
  t.true(found?.notTaken.some(({ field }) => field === "node vm8"));
});

test("an inventory comes back also where kubeadm's ConfigMaps cannot be read", (t) => {
  const documents = () => parseKubeadmDocuments("kind: Nonsense\n", "ConfigMap kubeadm-config");
  const base = look();
  const running = { ...base.running, documents, kbootConfig: recorded(testCluster()) };
  t.is(describeKbootCluster({ ...base, running })?.cluster.name, "lab");
  t.throws(() => describeKubeadmCluster({ ...base, running }, "lab"), { instanceOf: KbootError });
});

test("a cluster without kboot-config, or with one that nobody can read, gives none back", (t) => {
  t.is(describeKbootCluster(look()), undefined);
  const base = look();
  t.is(describeKbootCluster({ ...base, running: { ...base.running, kbootConfig: { "inventory.yaml": "{" } } }), undefined);
});

test("settings of a worker that joined by itself come back above the cluster's patches", (t) => {
  const bare = testCluster({ hosts: [testHost({ name: "cp1", nodeName: "cp1", role: "control-plane", address: "10.0.0.1" })] });
  const patch = { name: undefined, target: "kubeletconfiguration", type: "strategic", patch: { maxPods: 50, podPidsLimit: 7 } } as const;
  const cluster = { ...bare, patches: [patch] };
  const facts = factsWith({});
  const containerRuntimeEndpoint = "unix:///run/other.sock";
  const onDisk = nodeKubeletConfiguration(bare, testHost({ kubelet: { maxPods: 9, containerRuntimeEndpoint } }), facts);
  const base = look();
  const found = describeKbootCluster({
    ...base,
    running: { ...base.running, nodes: [...base.running.nodes, node("vm7", "10.0.0.7")], kbootConfig: recorded(cluster) },
    seen: new Map([...base.seen, ["vm7", { facts, kubelet: { configuration: onDisk, flags: [], networks: [] } }]]),
    addresses: new Map([...base.addresses, ["vm7", "10.0.0.7"]]),
  });
  const text = found === undefined ? "" : stringify(describeCluster(found.cluster));
  const { cluster: again, problems } = parseInventory(text, { file, home: "/home/me" });
  t.is(problems, undefined);
  const host = again?.hosts.find(({ name }) => name === "vm7");
  if (again === undefined || host === undefined) return t.fail("the inventory that came back is none");
  t.deepEqual(host.patches, [
    { name: undefined, target: "kubeletconfiguration", type: "merge", patch: { maxPods: 9, podPidsLimit: null } },
  ]);
  t.deepEqual(host.kubelet, { containerRuntimeEndpoint });
  t.deepEqual(nodeKubeletConfiguration(again, host, facts), onDisk);
});
