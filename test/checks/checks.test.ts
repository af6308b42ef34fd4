import test from "ava";
import { checks } from "../../src/checks/index.ts";
import type { Site } from "../../src/engine/contracts.ts";
import type { Facts } from "../../src/host/facts.ts";
import type { Network } from "../../src/inventory/cluster.ts";
import type { Live } from "../../src/kubernetes/live.ts";
import { workloadName } from "../../src/kubernetes/workload-name.ts";
import { networkPlugin } from "../../src/network/index.ts";
import { Secret } from "../../src/secret.ts";
import { testCluster, weaveNetwork } from "../kubernetes/fixture.ts";
import { noArtifacts } from "../support/kind.ts";

const readAt = new Date("2026-11-24T12:00:00Z");

const good: Facts = {
  hostname: "one",
  os: { id: "debian", versionId: "13", name: "Debian GNU/Linux 13" },
  architecture: "amd64",
  kernel: "6.12",
  cgroupVersion: 2,
  cpus: 2,
  memoryBytes: 4e9,
  diskFreeBytes: 20e9,
  swapActive: false,
  clock: { hostSeconds: readAt.getTime() / 1000, askedAt: readAt, readAt },
  machineId: "a",
  productUuid: "a",
  addresses: [],
  routes: [],
  kernelFeatures: { overlay: true, br_netfilter: true },
  systemd: true,
  resolvedActive: false,
  nameservers: ["192.0.2.53"],
  packageManager: "apt",
  packages: {},
  commands: { iptables: true },
  directories: [],
  listening: [],
  reaches: [],
  forwardDrops: [],
  state: undefined,
  kubernetes: {
    caCert: undefined,
    caKey: undefined,
    administrators: [],
    kubeletCertificate: undefined,
    kubeletVersion: undefined,
    manifests: {},
  },
};

interface Scene {
  readonly one?: Partial<Facts>;
  readonly two?: Partial<Facts>;
  readonly kubelet?: Readonly<Record<string, unknown>>;
  /** Of host one. */
  readonly ownKubelet?: Readonly<Record<string, unknown>>;
  readonly kubernetesVersion?: string;
  /** Where host two's kubelet comes from, and what that says of itself. */
  readonly kubernetes?: { readonly from: "sources" | "host"; readonly says?: string };
  readonly roles?: readonly string[];
  readonly containerd?: string;
  readonly unreachable?: readonly string[];
  readonly network?: Network;
  /** The network that the cluster runs. */
  readonly running?: Network;
  readonly podSubnet?: string;
}

/** What a cluster of two hosts with openvswitch, on which a network was installed, says. */
function liveWith(network: Network): Pick<Live, "workloads" | "daemonSets"> {
  const cluster = testCluster({ network });
  const capable = { kernelFeatures: { openvswitch: true, vxlan: true } };
  const facts = new Map(cluster.hosts.map(({ name }) => [name, capable]));
  const objects = networkPlugin(cluster)?.objects(cluster, { facts, running: undefined }) ?? [];
  const daemonSets = new Map(
    objects.filter(({ object }) => object.kind === "DaemonSet").map(({ object }) => [workloadName(object), object] as const),
  );
  return { daemonSets, workloads: new Map([...daemonSets.keys()].map((name) => [name, true])) };
}

function problems(scene: Scene): readonly string[] {
  const { one = {}, two = {}, kubelet = {}, ownKubelet = {}, roles = ["control-plane", "worker"], unreachable = [] } = scene;
  const { kubernetesVersion = "1.36.3", containerd, kubernetes = { from: "sources" } } = scene;
  const says = { kubernetes: { ...good.kubernetes, kubeletVersion: kubernetes.says } };
  const { network = { plugin: "none" }, running, podSubnet = "10.244.0.0/16" } = scene;
  const facts = new Map<string, Facts>([
    ["one", { ...good, ...one }],
    ["two", { ...good, hostname: "two", machineId: "b", ...says, ...two }],
  ]);
  for (const name of unreachable) facts.delete(name);
  const containerRuntime = containerd === undefined ? { from: "sources" } : { from: "package", package: containerd };
  const site = {
    cluster: {
      ...testCluster(),
      kubelet,
      network,
      podSubnet,
      kubernetesVersion,
      hosts: ["one", "two"].map((name, index) => ({
        name,
        role: roles[index],
        kubelet: index === 0 ? ownKubelet : {},
        containerRuntime,
        kubernetes: index === 0 ? { from: "sources" } : kubernetes,
      })),
    },
    facts,
    live: running && { nodes: new Map(), settled: [], ...liveWith(running) },
    nodeAddress: new Map(),
    unreachable: new Map(unreachable.map((name) => [name, new Error("away")])),
    artifacts: noArtifacts,
    now: readAt,
  } as unknown as Site<Live>;
  return checks.flatMap((check) => check.problems(site).map((problem) => `${check.name} ${problem.host ?? "cluster"}`));
}

const ca = (caCert: string) => ({ kubernetes: { ...good.kubernetes, caCert, caKey: new Secret("a key") } });
const caWithoutKey = (caCert: string, signingKey = "/etc/kubernetes/pki/ca.key") => {
  const manifests = { "kube-controller-manager": `    - --cluster-signing-key-file=${signingKey}\n` };
  return { kubernetes: { ...good.kubernetes, caCert, manifests } };
};
const joinedWorker = (caCert: string) => ({ kubernetes: { ...good.kubernetes, caCert, kubeletCertificate: "its own" } });

const weave = weaveNetwork();
const flannel = testCluster().network;
/** Host two's clock, when its answer took some seconds. */
const clockOff = (seconds: number, tookSeconds = 0) => ({
  two: { clock: { hostSeconds: good.clock.hostSeconds + seconds, askedAt: new Date(readAt.getTime() - tookSeconds * 1000), readAt } },
});
const listens = (port: number, command: string) => ({ listening: [{ port, command }] });
const routeTo = (destination: string, device = "eth1") => ({ routes: [{ destination, device }] });

const cases: readonly (readonly [title: string, scene: Scene, expected: readonly string[]])[] = [
  ["hosts as they should be", {}, []],
  ["no systemd", { two: { systemd: false } }, ["systemd two"]],
  ["a foreign architecture", { one: { architecture: "mips" } }, ["architecture one"]],
  ["swap", { two: { swapActive: true } }, ["swap two"]],
  ["swap that the kubelet is told to bear", { two: { swapActive: true }, kubelet: { failSwapOn: false } }, []],
  ["cgroup v1", { one: { cgroupVersion: 1 } }, ["cgroup-v1 one"]],
  ["cgroup v1 that the kubelet is told to bear", { one: { cgroupVersion: 1 }, kubelet: { failCgroupV1: false } }, []],
  ["swap that the kubelet of this host is told to bear", { one: { swapActive: true }, ownKubelet: { failSwapOn: false } }, []],
  ["swap that another host's kubelet is told to bear", { two: { swapActive: true }, ownKubelet: { failSwapOn: false } }, ["swap two"]],
  ["cgroup v1 under a version that bears it", { one: { cgroupVersion: 1 }, kubernetesVersion: "1.34.4" }, []],
  ["a port that another program uses", { two: { listening: [{ port: 10250, command: "java" }] } }, ["ports two"]],
  ["a control plane's port used on a worker", { two: { listening: [{ port: 6443, command: "haproxy" }] } }, []],
  ["a control plane's port used there", { one: { listening: [{ port: 6443, command: "haproxy" }] } }, ["ports one"]],
  ["ports used by those who should", { one: { listening: [{ port: 10257, command: "kube-controller" }] } }, []],
  ["a control plane with little memory", { one: { memoryBytes: 1e9 } }, ["memory one"]],
  ["a worker with little memory", { two: { memoryBytes: 1e9 } }, []],
  ["a full disk on a bare host", { two: { diskFreeBytes: 1e9 } }, ["disk two"]],
  ["a full disk on a host that has everything", { two: { diskFreeBytes: 1e9, state: "{}" } }, []],
  ["a kernel without br_netfilter", { two: { kernelFeatures: { br_netfilter: false } } }, ["kernel-features two"]],
  ["a kernel that does not say", { two: { kernelFeatures: {} } }, []],
  ["a host's own kubelet that is newer", { kubernetes: { from: "host", says: "1.37.2" } }, ["kubelet-version two"]],
  ["a host's own kubelet that is too old", { kubernetes: { from: "host", says: "1.32.9" } }, ["kubelet-version two"]],
  ["a host's own kubelet that is old enough", { kubernetes: { from: "host", says: "1.33.0" } }, []],
  ["a host's own kubelet of a newer patch", { kubernetes: { from: "host", says: "1.36.9" } }, []],
  ["a host whose own kubelet is not there", { kubernetes: { from: "host" } }, ["kubelet-version two"]],
  ["a kubelet that kboot replaces", { kubernetes: { from: "sources", says: "1.37.2" } }, []],
  ["no nameserver", { one: { nameservers: [] } }, ["nameserver one"]],
  ["cloned machines", { two: { machineId: "a" } }, ["machine-id two"]],
  ["machine ids that are not known", { one: { machineId: "" }, two: { machineId: "" } }, []],
  ["equal host names", { two: { hostname: "one" } }, ["hostname two"]],
  ["a clock that is behind", clockOff(-90), ["clock two"]],
  ["a clock that is ahead", clockOff(90), ["clock two"]],
  ["a clock that is a minute off", clockOff(60), []],
  ["a clock that a slow host told long before the rest of its answer", clockOff(-90, 90), []],
  ["a clock that is behind by more than a slow answer can explain", clockOff(-151, 90), ["clock two"]],
  ["hosts of two clusters", { one: ca("A"), two: ca("B") }, ["one-cluster two"]],
  ["a CA whose key is elsewhere", { one: caWithoutKey("A", ""), two: joinedWorker("A") }, []],
  ["a worker that is to join a cluster whose CA is elsewhere", { one: caWithoutKey("A", "") }, ["external-signer two"]],
  ["a CA of the cluster's own whose key is gone", { one: caWithoutKey("A"), two: joinedWorker("A") }, ["ca-key one"]],
  ["hosts of one cluster", { one: ca("A"), two: ca("A\n") }, []],
  ["a new cluster without its control plane", { unreachable: ["one"] }, ["control-planes-reached one"]],
  ["an old cluster without its control plane", { two: ca("A"), unreachable: ["one"] }, []],
  ["an unreachable worker", { unreachable: ["two"] }, []],
  ["a package without apt", { two: { packageManager: "dnf" }, containerd: "containerd" }, ["package-manager two"]],
  ["no apt where no package is wanted", { two: { packageManager: "dnf" } }, []],
  [
    "a package that is too old",
    { one: { packages: { "containerd.io": { candidate: "1.6.20~ds1-1" } } }, containerd: "containerd.io" },
    ["containerd-version one"],
  ],
  ["a package of version 1.7", { one: { packages: { containerd: { candidate: "1.7.24~ds1-6" } } }, containerd: "containerd" }, []],
  ["a package of version 2 with an epoch", { one: { packages: { containerd: { candidate: "1:2.0.1-1" } } }, containerd: "containerd" }, []],
  ["a package that apt has not heard of yet", { one: { packages: { containerd: {} } }, containerd: "containerd" }, []],
  [
    "a kernel without what Weave Net needs",
    { two: { kernelFeatures: { dummy: false, xt_set: false } }, network: weave },
    ["network-kernel two"],
  ],
  [
    "a kernel without ipsets, and no policies",
    { two: { kernelFeatures: { xt_set: false } }, network: weaveNetwork({ networkPolicy: false }) },
    [],
  ],
  ["a port of Weave Net's that is taken", { two: listens(6783, "nginx"), network: weave }, ["network-ports two"]],
  [
    "a port for policies that is taken, and no policies",
    { two: listens(6781, "nginx"), network: weaveNetwork({ networkPolicy: false }) },
    [],
  ],
  ["Weave Net's ports on a node that runs it", { two: listens(6783, "weaver"), network: weave }, []],
  ["a packet filter beside Weave Net's that drops", { one: { forwardDrops: ["inet mine"] }, network: weave }, ["forward-policy one"]],
  ["a dropping forward chain that Weave Net opens itself", { one: { forwardDrops: ["ip filter"] }, network: weave }, []],
  ["the old back end drops, and Weave Net uses the new", { one: { forwardDrops: ["legacy"] }, network: weave }, ["forward-policy one"]],
  [
    "the old back end drops, and Weave Net uses it",
    { one: { forwardDrops: ["legacy"] }, network: weaveNetwork({ iptablesBackend: "legacy" }) },
    [],
  ],
  ["a cluster with another pod network", { network: weave, running: flannel }, ["network-change cluster"]],
  ["a cluster with the pod network asked for", { network: weave, running: weave }, []],
  ["a route into Weave Net's range", { two: routeTo("10.244.8.0/24"), network: weave }, ["weave-route two"]],
  ["a wider route over Weave Net's range", { two: routeTo("10.0.0.0/8"), network: weave }, ["weave-route two"]],
  ["a route to one address of Weave Net's range", { two: routeTo("10.244.0.9"), network: weave }, ["weave-route two"]],
  [
    "Weave Net's own route, the default one and others",
    { one: routeTo("10.244.0.0/16", "weave"), two: routeTo("default"), network: weave },
    [],
  ],
  ["a wider route, and Flannel", { two: routeTo("10.0.0.0/8"), network: flannel }, []],
  ["Weave Net without iptables for its CNI plug-in", { two: { commands: { nft: true } }, network: weave }, ["weave-iptables two"]],
  ["Weave Net without a machine-id", { two: { machineId: "" }, network: weave }, ["weave-machine-id two"]],
  [
    "a fast datapath that a kernel lacks",
    { two: { kernelFeatures: { openvswitch: false } }, network: weaveNetwork({ fastDatapath: true }) },
    ["weave-datapath two"],
  ],
  [
    "a new node that lacks what the others use",
    { two: { kernelFeatures: { openvswitch: false } }, network: weave, running: weave },
    ["weave-datapath two"],
  ],
  ["a kernel without openvswitch on a new cluster", { two: { kernelFeatures: { openvswitch: false } }, network: weave }, []],
  ["another range than the one that runs", { network: weave, running: weave, podSubnet: "10.200.0.0/16" }, ["weave-change cluster"]],
  ["another datapath than the one that runs", { network: weaveNetwork({ fastDatapath: false }), running: weave }, ["weave-change cluster"]],
  ["two control planes", { roles: ["control-plane", "control-plane"] }, ["one-control-plane cluster"]],
];

for (const [title, scene, expected] of cases) {
  test(`${title}: ${expected.join(", ") || "no problem"}`, (t) => {
    t.deepEqual(problems(scene), expected);
  });
}
