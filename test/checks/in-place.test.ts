import test from "ava";
import { stringify } from "yaml";
import { inPlaceChecks } from "../../src/checks/in-place.ts";
import { checks } from "../../src/checks/index.ts";
import type { Site } from "../../src/engine/contracts.ts";
import type { Facts } from "../../src/host/facts.ts";
import type { Cluster } from "../../src/inventory/cluster.ts";
import { kbootConfig } from "../../src/kubernetes/kboot-config.ts";
import { clusterConfiguration } from "../../src/kubernetes/kubeadm-config.ts";
import type { Live, LiveNode } from "../../src/kubernetes/live.ts";
import { settledByKbootConfig, settledByKubeadmConfig, settledByManifests } from "../../src/kubernetes/settled.ts";
import { etcdPod, kubeApiServerPod, kubeControllerManagerPod } from "../../src/kubernetes/static-pods.ts";
import { testCluster, testHost } from "../kubernetes/fixture.ts";

const addresses = new Map([
  ["cp1", "192.168.56.11"],
  ["worker1", "192.168.56.21"],
]);

function manifestsOf(cluster: Cluster) {
  const node = { cluster, nodeName: "cp1", nodeAddress: "192.168.56.11", facts: { directories: [] } };
  const pods = { etcd: etcdPod(node), "kube-apiserver": kubeApiServerPod(node), "kube-controller-manager": kubeControllerManagerPod(node) };
  return Object.fromEntries(Object.entries(pods).map(([name, pod]) => [name, stringify(pod)]));
}

function settledOf(cluster: Cluster) {
  const [config] = kbootConfig(cluster);
  const data = (config?.object["data"] ?? {}) as Record<string, string>;
  return [settledByKubeadmConfig(stringify(clusterConfiguration(cluster))), settledByKbootConfig(data)];
}

const node = (name: string, internalAddress: string | undefined, labels: LiveNode["labels"] = {}): LiveNode => ({
  name,
  isReady: true,
  saidAt: 0,
  labels,
  annotations: {},
  taints: [],
  internalAddress,
  kubeletVersion: "v1.36.3",
});

interface Scene {
  /** The cluster as it was made; the manifests on its control plane, and what its API says, where they differ from that. */
  readonly made?: Partial<Cluster>;
  readonly files?: Partial<Cluster>;
  readonly api?: Partial<Cluster> | "down";
  readonly wish?: Partial<Cluster>;
  readonly nodes?: readonly LiveNode[];
  readonly nodeAddress?: ReadonlyMap<string, string>;
  readonly running?: readonly string[];
}

function siteOf({ made = {}, files = made, api = made, wish = {}, nodes, nodeAddress = addresses, running = [] }: Scene): Site<Live> {
  const facts = (manifests: Facts["kubernetes"]["manifests"]) => ({ kubernetes: { kubeletCertificate: "a certificate", manifests } });
  const all = nodes ?? [...addresses].map(([name, address]) => node(name, address));
  const live = api === "down" ? undefined : { nodes: new Map(all.map((one) => [one.name, one])), settled: settledOf(testCluster(api)) };
  return {
    cluster: testCluster(wish),
    facts: new Map([
      ["cp1", facts(manifestsOf(testCluster(files)))],
      ["worker1", facts({})],
    ]),
    live: live && { ...live, workloads: new Map(running.map((name) => [name, true])) },
    nodeAddress,
  } as unknown as Site<Live>;
}

function problems(scene: Scene) {
  const change = checks.filter(({ name }) => name === "network-change");
  return [...inPlaceChecks, ...change].flatMap((check) =>
    check.problems(siteOf(scene)).map(({ host, message }) => ({ check: check.name, host, message })),
  );
}

const names = (scene: Scene) => problems(scene).map(({ check, host }) => `${check} ${host ?? "cluster"}`);

const unchangeable: readonly (readonly [check: string, wish: Partial<Cluster>])[] = [
  ["service-subnet-change", { serviceSubnet: "10.97.0.0/16" }],
  ["pod-subnet-change", { podSubnet: "10.200.0.0/16" }],
  ["certificates-dir-change", { certificatesDir: "/srv/pki" }],
  ["dns-domain-change", { dnsDomain: "example.internal" }],
  ["version-change", { kubernetesVersion: "1.36.4" }],
  ["version-change", { kubernetesVersion: "1.36.2" }],
];

for (const [check, wish] of unchangeable) {
  const [[field, value] = []] = Object.entries(wish);
  test(`another ${field}, ${value}, is refused, also while the API is down`, (t) => {
    t.deepEqual(names({ wish }), [`${check} cluster`]);
    t.deepEqual(names({ wish, api: "down" }), [`${check} cluster`]);
    t.true(problems({ wish })[0]?.message.includes(`${value}`));
  });

  test(`another ${field}, ${value}, that was written by hand into one place is no reason to refuse what was there`, (t) => {
    t.deepEqual(names({ files: wish }), []);
    t.deepEqual(names({ api: wish }), []);
  });
}

test("nothing is refused of a cluster as it is, nor of bare hosts", (t) => {
  t.deepEqual(problems({}), []);
  t.deepEqual(problems({ api: "down" }), []);
  const { cluster } = siteOf({});
  const bare = { cluster, facts: new Map(), live: undefined, nodeAddress: addresses } as unknown as Site<Live>;
  t.deepEqual(
    inPlaceChecks.flatMap((check) => check.problems(bare)),
    [],
  );
});

test("another endpoint is refused where the API tells the one there is", (t) => {
  const wish = { endpoint: { host: "api.example.com", port: 6443, managed: false } };
  t.deepEqual(names({ wish }), ["endpoint-change cluster"]);
  t.deepEqual(names({ wish, api: "down" }), []);
});

test("another etcd than that of the version is refused", (t) => {
  const other = siteOf({ api: "down" });
  const manifests = { etcd: stringify(etcdPod({ cluster: other.cluster, nodeName: "cp1", nodeAddress: "x", facts: { directories: [] } })) };
  const settled = settledByManifests({ etcd: manifests.etcd.replace(/etcd:3\.[0-9.]+-/, "etcd:3.4.1-") });
  t.is(settled.etcdVersion, "3.4.1-0");
});

test("a control plane's other address is refused", (t) => {
  const nodeAddress = new Map([...addresses, ["cp1", "10.0.0.1"]]);
  t.deepEqual(names({ nodeAddress, api: "down" }), ["node-address-change cp1"]);
});

test("another port of a control plane's API server is refused, also while the API is down", (t) => {
  const endpoint = { host: "api.example.com", port: 443, managed: false };
  const [made, wish] = [{ endpoint }, { endpoint, bindPort: 7443 }];
  t.deepEqual(names({ made, wish }), ["bind-port-change cp1"]);
  t.deepEqual(names({ made, wish, api: "down" }), ["bind-port-change cp1"]);
  t.regex(problems({ made, wish })[0]?.message ?? "", /listens on port 6443, and the inventory asks for 7443; .* in place/);
});

test("a port that was written by hand into one place is no reason to refuse what was there", (t) => {
  t.deepEqual(names({ files: { bindPort: 7443 } }), []);
  t.deepEqual(names({ api: { bindPort: 7443, endpoint: { host: "api.lab.internal", port: 6443, managed: true } } }), []);
});

test("another name of a node that is in the cluster is refused", (t) => {
  const wish = { hosts: [testHost({ name: "cp1", nodeName: "cp1", role: "control-plane" }), testHost({ nodeName: "node-1" })] };
  t.deepEqual(names({ wish }), ["node-name-change worker1", "left-inventory cluster"]);
});

test("another role is refused", (t) => {
  const hosts = [testHost({ name: "cp1", nodeName: "cp1" }), testHost({ role: "control-plane" })];
  t.deepEqual(names({ wish: { hosts } }), ["role-change cp1", "role-change worker1"]);
  t.deepEqual(names({ wish: { hosts }, api: "down" }), ["role-change cp1"]);
});

test("a node whose host left the inventory is a notice, and stops nothing", (t) => {
  const nodes = [...addresses].map(([name, address]) => node(name, address));
  const found = problems({ nodes: [...nodes, node("old", "192.168.56.99")] });
  t.deepEqual(
    found.map(({ check, message }) => [check, message.includes("the node old")]),
    [["left-inventory", true]],
  );
  t.true(inPlaceChecks.find(({ name }) => name === "left-inventory")?.isNotice);
});

test("the pod network of a cluster stays: no other, none where kboot installed one, and the user's own", (t) => {
  const none = { network: { plugin: "none" } } as const;
  const running = ["DaemonSet/kube-flannel/kube-flannel-ds"];
  t.deepEqual(names({ wish: none, running }), ["network-change cluster"]);
  t.deepEqual(names({ made: none, wish: none, running }), []);
  t.deepEqual(names({ made: none }), ["network-change cluster"]);
  t.deepEqual(names({ running }), []);
  t.deepEqual(names({}), [], "a network that was taken away comes back");
});
