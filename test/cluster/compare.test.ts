import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { Role } from "../../src/inventory/cluster.ts";
import { readInventory } from "../../src/inventory/read.ts";
import { writeArtifacts } from "../bench/kubeadm.ts";
import { buildBundle } from "../components/build.ts";
import { type AptRepository, serveAptRepository } from "./support/apt-repository.ts";
import { type Normalise, normaliser } from "./support/compare/describe-text.ts";
import { findDifferences } from "./support/compare/differences.ts";
import { type Look, lookAtFiles } from "./support/compare/look-at-files.ts";
import { lookAtNode, lookAtObjects } from "./support/compare/look-at-objects.ts";
import { judge, readReasons } from "./support/compare/reasons.ts";
import { type Door, serveFolder } from "./support/doors.ts";
import { buildExe, installProgram, runOnHost } from "./support/exe.ts";
import { bridgeNetwork, installPackages, joinConfiguration, kubeadmKind, runKubeadm, writeDocuments } from "./support/kubeadm-host.ts";
import { containerSettings, type Lab, lab, labSet, labUp, onHost, writeInventory } from "./support/lab.ts";

// Two clusters of the same file, one by kubeadm and one by kboot, each joined by a worker of the other.

let hosts: Lab;
let folder: string;
let mirror: Door;
let repository: AptRepository;
/** Of the tokens in the printed lines, by control plane. */
const tokenIds: Record<string, string> = {};

type Program = "kubeadm" | "kboot";

const policy = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: Metadata }]\n";
const [byKubeadm, byKboot, joinedByKubeadm, joinedByKboot] = ["cp1", "worker1", "worker2", "worker3"] as const;
const kubectl = "kubectl --kubeconfig=/etc/kubernetes/admin.conf";

const address = (name: string) => hosts.hosts.find((host) => host.name === name)?.address ?? "";

const args = (values: Readonly<Record<string, string>>) => Object.entries(values).map(([name, value]) => ({ name, value }));
const volume = (name: string, path: string, more: object) => ({ name, hostPath: path, mountPath: path, ...more });

/** A document of kboot's own, which kubeadm passes over. */
const ownDocument = (spec: object) => ({
  apiVersion: "kboot.dev/v1alpha1",
  kind: "Cluster",
  spec: { containerd: containerSettings.containerd, ...spec },
});

/** What both `kubeadm init` and `kboot init` are told. */
const initFile = writeDocuments([
  {
    ...kubeadmKind("InitConfiguration"),
    bootstrapTokens: [
      {
        token: "abcdef.0123456789abcdef",
        ttl: "2h",
        description: "for the first worker",
        groups: ["system:bootstrappers:kubeadm:default-node-token"],
      },
    ],
    nodeRegistration: {
      // of a container kubeadm cannot read the kernel's configuration
      ignorePreflightErrors: ["all"],
      taints: [{ key: "example.com/batch", value: "night", effect: "PreferNoSchedule" }],
      kubeletExtraArgs: args({ v: "2", "node-labels": "example.com/rack=12" }),
    },
  },
  {
    ...kubeadmKind("ClusterConfiguration"),
    kubernetesVersion: "v1.36.3",
    networking: { dnsDomain: "kube.example", podSubnet: "10.245.0.0/16", serviceSubnet: "10.97.0.0/16" },
    encryptionAlgorithm: "ECDSA-P256",
    certificateValidityPeriod: "2160h0m0s",
    caCertificateValidityPeriod: "43800h0m0s",
    apiServer: {
      certSANs: ["api.example.com", "192.0.2.10"],
      extraArgs: args({
        "audit-policy-file": "/etc/kubernetes/audit-policy.yaml",
        "audit-log-path": "/var/log/kubernetes/audit/audit.log",
        "audit-log-maxage": "7",
        "audit-log-maxbackup": "3",
        "audit-log-maxsize": "50",
        "event-ttl": "2h",
      }),
      extraVolumes: [
        volume("audit-logs", "/var/log/kubernetes/audit", { pathType: "DirectoryOrCreate" }),
        volume("audit-policy", "/etc/kubernetes/audit-policy.yaml", { pathType: "File", readOnly: true }),
      ],
    },
    controllerManager: { extraArgs: args({ "node-monitor-grace-period": "50s" }) },
    scheduler: { extraArgs: args({ v: "2" }) },
    etcd: { local: { extraArgs: args({ "snapshot-count": "5000" }) } },
  },
  {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    maxPods: 55,
    authentication: { webhook: { cacheTTL: "1m0s" } },
    evictionHard: { "memory.available": "100Mi" },
    ...containerSettings.kubelet,
  },
  {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    metricsBindAddress: "127.0.0.1:10249",
    ...containerSettings.kubeProxy,
  },
  ownDocument({ network: { plugin: "none" } }),
]);

const workerRegistration = {
  taints: [{ key: "example.com/batch", value: "day", effect: "PreferNoSchedule" }],
  kubeletExtraArgs: args({ v: "1", "node-labels": "example.com/rack=13" }),
};

test.before(async () => {
  const { bundle } = await buildBundle({ kubernetes: "1.36.3" });
  folder = await mkdtemp(join(tmpdir(), "kboot-compare-"));
  const exe = buildExe(folder);
  hosts = await labUp(labSet(), { controlPlanes: 1, workers: 3 });
  await lab("bare", "--set", labSet());
  repository = await serveAptRepository(hosts.gateway, bundle);
  mirror = await serveFolder(hosts.gateway, bundle);
  await writeArtifacts(await readInventory(await writeInventory(hosts, { folder, bundle })), folder);
  const packages = (name: string, role: Role) => installPackages(hosts, name, { folder, role, repository });
  const program = async (name: string) => installProgram(hosts, name, "/usr/local/bin/kboot", await exe);
  const theirs = packages(byKubeadm, "control-plane").then(() => start(byKubeadm, "kubeadm"));
  const ours = program(byKboot).then(() => start(byKboot, "kboot"));
  await Promise.all([
    // each joins the cluster of the other
    Promise.all([ours, packages(joinedByKubeadm, "worker")]).then(([line]) => joinWorker(joinedByKubeadm, "kubeadm", line)),
    Promise.all([theirs, program(joinedByKboot)]).then(([line]) => joinWorker(joinedByKboot, "kboot", line)),
  ]);
  const ready = `${kubectl} wait --for=condition=Ready --timeout=120s node --all`;
  await Promise.all([onHost(hosts, byKubeadm, ready), onHost(hosts, byKboot, ready)]);
});
test.after.always(async () => {
  mirror?.stop();
  await repository?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Makes a cluster, and resolves to the line by which the other program joins it. */
async function start(host: string, by: Program): Promise<string> {
  // the policy that the file names is its author's, and there before
  const prepare = `mkdir -p /etc/kubernetes && cat > /etc/kubernetes/audit-policy.yaml <<'EOF'\n${policy}EOF\n`;
  await onHost(hosts, host, `${bridgeNetwork("10.245.0.0/24")}${prepare}`);
  await run(host, by, "init", initFile);
  const line = await onHost(hosts, host, `${by} token create --ttl 10m --print-join-command${by === "kboot" ? " --for kubeadm" : ""}`);
  const [id = ""] = / --token (\w+)\./.exec(line)?.slice(1) ?? [];
  tokenIds[host] = id;
  return line;
}

async function joinWorker(host: string, by: Program, line: string): Promise<void> {
  await onHost(hosts, host, bridgeNetwork("10.245.1.0/24"));
  await run(host, by, "join", writeDocuments([joinConfiguration(line, workerRegistration), ownDocument({})]));
}

async function run(host: string, by: Program, command: "init" | "join", text: string): Promise<void> {
  if (by === "kubeadm") return runKubeadm(hosts, host, command, text);
  await onHost(hosts, host, `cat > /root/config.yaml <<'EOF'\n${text}EOF`);
  const result = await runOnHost(hosts, host, `kboot ${command} --config /root/config.yaml --source http://${mirror.address}/`);
  if (result.exitCode !== 0) throw new Error(result.text);
}

/** What is on a machine, and what its cluster says of its node. */
async function lookAtMachine(host: string, controlPlane: string): Promise<Look> {
  const normalise = normaliserOf(host, controlPlane);
  const [files, node] = await Promise.all([lookAtFiles(hosts, host, normalise), lookAtNode(hosts, controlPlane, host, normalise)]);
  return new Map([...files, ...node]);
}

function normaliserOf(host: string, controlPlane: string): Normalise {
  const places = { [controlPlane]: "CONTROL-PLANE", [address(controlPlane)]: "CONTROL-PLANE-ADDRESS" };
  return normaliser({ ...places, [host]: "NODE", [address(host)]: "ADDRESS", [tokenIds[controlPlane] ?? ""]: "JOIN-TOKEN" });
}

/** Compares with the table of the documentation. */
async function assertExplained(t: ExecutionContext, headings: readonly string[], kubeadm: Look, kboot: Look): Promise<void> {
  const page = await readFile(new URL("../../docs/kubeadm.md", import.meta.url), "utf8");
  const reasons = headings.flatMap((heading) => readReasons(page, heading));
  const { unexplained, idle } = judge(findDifferences(kubeadm, kboot), reasons);
  t.deepEqual(unexplained, [], "these differ, and no row of docs/kubeadm.md says why");
  t.deepEqual(idle, [], "these rows of docs/kubeadm.md explain nothing");
}

test("init by kubeadm and by kboot with the same file: what differs has a reason, and every reason a difference", async (t) => {
  const look = async (host: string) => {
    const [machine, objects] = await Promise.all([lookAtMachine(host, host), lookAtObjects(hosts, host, normaliserOf(host, host))]);
    return new Map([...machine, ...objects]);
  };
  const [kubeadm, kboot] = await Promise.all([look(byKubeadm), look(byKboot)]);
  for (const place of [
    "/etc/kubernetes/admin.conf",
    "/etc/kubernetes/pki/etcd/server.crt",
    "/etc/kubernetes/manifests/kube-apiserver.yaml",
    "/var/lib/kubelet/config.yaml",
    "ClusterRoleBinding/kubeadm:cluster-admins",
    "ConfigMap/kube-public/cluster-info",
    "Deployment/kube-system/coredns",
    "Node",
    "Secret/kube-system/bootstrap-token-abcdef",
    "kubelet.service.d/10-kubeadm.conf",
  ]) {
    t.true((kboot.get(place)?.fields.size ?? 0) > 3, place);
  }
  t.true(kubeadm.size > 200, `${kubeadm.size} places`);
  await assertExplained(t, ["Every machine", "Init"], kubeadm, kboot);
});

test("each joins the cluster of the other, and what the two workers have differs for a reason", async (t) => {
  const [kubeadm, kboot] = await Promise.all([lookAtMachine(joinedByKubeadm, byKboot), lookAtMachine(joinedByKboot, byKubeadm)]);
  await assertExplained(t, ["Every machine", "Join"], kubeadm, kboot);
});
