import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { parse, stringify } from "yaml";
import { readInventory } from "../../src/inventory/read.ts";
import type { InventoryFile } from "../../src/inventory/schema.ts";
import { writeArtifacts } from "../bench/kubeadm.ts";
import { buildBundle } from "../components/build.ts";
import { type AptRepository, serveAptRepository } from "./support/apt-repository.ts";
import { bridgeNetwork, installPackages, joinByKubeadm, runKubeadmInit } from "./support/kubeadm-host.ts";
import { containerSettings, kboot, type Lab, lab, labSet, labUp, onHost, writeInventory } from "./support/lab.ts";
import { listFiles, listProcesses } from "./support/observe.ts";

const set = labSet();
const owned = ["cp1", "worker1"];
const kubectl = "kubectl --kubeconfig=/etc/kubernetes/admin.conf";
const policy = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: Metadata }]\n";

let hosts: Lab;
let bundle: string;
let folder: string;
let repository: AptRepository;
let inventory: string;

const address = (name: string) => hosts.hosts.find((host) => host.name === name)?.address ?? "";
const onControlPlane = (script: string) => onHost(hosts, "cp1", script);
const access = () => [
  "--host",
  address("cp1"),
  "--user",
  hosts.user,
  "--identity-file",
  hosts.identityFile,
  "--known-hosts-file",
  hosts.knownHosts,
];

test.before(async () => {
  ({ bundle } = await buildBundle({ kubernetes: "1.36.3" }));
  hosts = await labUp(set, { controlPlanes: 1, workers: 3 });
  await lab("bare", "--set", set);
  folder = await mkdtemp(join(tmpdir(), "kboot-adopt-"));
  inventory = join(folder, "kboot.yaml");
  repository = await serveAptRepository(hosts.gateway, bundle);
  const cluster = await readInventory(await writeInventory(hosts, { folder, bundle, more: { network: { plugin: "none" } } }));
  await writeArtifacts(cluster, folder);
  await Promise.all([
    installPackages(hosts, "cp1", { folder, role: "control-plane", repository }),
    installPackages(hosts, "worker1", { folder, role: "worker", repository }),
  ]);
  for (const [index, name] of ["cp1", "worker1", "worker2"].entries()) await onHost(hosts, name, bridgeNetwork(`10.244.${index}.0/24`));
  await makeCluster();
});
test.after.always(async () => {
  await repository?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The cluster of somebody who has never heard of kboot, with a little of what such people do to one. */
async function makeCluster(): Promise<void> {
  await onControlPlane(
    `set -e\nmkdir -p /etc/kubernetes\ncat > /etc/kubernetes/audit-policy.yaml <<'EOF'\n${policy}EOF\necho 'KUBELET_EXTRA_ARGS=--v=1' > /etc/default/kubelet`,
  );
  const volume = (name: string, path: string, more: object) => ({ name, hostPath: path, mountPath: path, ...more });
  await runKubeadmInit(hosts, "cp1", {
    nodeRegistration: {
      kubeletExtraArgs: [
        { name: "v", value: "2" },
        { name: "node-ip", value: address("cp1") },
        { name: "node-labels", value: "example.com/rack=12" },
      ],
    },
    cluster: {
      kubernetesVersion: "v1.36.3",
      networking: { podSubnet: "10.244.0.0/16" },
      certificateValidityPeriod: "2160h0m0s",
      apiServer: {
        certSANs: ["api.example.com"],
        extraArgs: Object.entries({
          "audit-policy-file": "/etc/kubernetes/audit-policy.yaml",
          "audit-log-path": "/var/log/kubernetes/audit/audit.log",
          "audit-log-maxage": "7",
          "audit-log-maxbackup": "3",
          "audit-log-maxsize": "50",
          "event-ttl": "2h",
        }).map(([name, value]) => ({ name, value })),
        extraVolumes: [
          volume("audit-logs", "/var/log/kubernetes/audit", { pathType: "DirectoryOrCreate" }),
          volume("audit-policy", "/etc/kubernetes/audit-policy.yaml", { pathType: "File", readOnly: true }),
        ],
      },
      controllerManager: { extraArgs: [{ name: "node-monitor-grace-period", value: "50s" }] },
    },
  });
  await joinByKubeadm(hosts, "cp1", "worker1", { taints: [{ key: "example.com/batch", value: "night", effect: "PreferNoSchedule" }] });
  await onHost(hosts, "worker1", "echo 'maxPods: 55' >> /var/lib/kubelet/config.yaml && systemctl restart kubelet");
  await onControlPlane(`set -e
${kubectl} label node worker1 disk=ssd
${kubectl} -n kube-system scale deployment/coredns --replicas=1
${kubectl} -n kube-system get configmap coredns -o yaml | sed 's/ttl 30/ttl 25/; s/cache 30/cache 15/' | ${kubectl} replace -f -
${kubectl} -n kube-system rollout restart deployment/coredns
${kubectl} wait --for=condition=Ready --timeout=120s node/cp1 node/worker1
${kubectl} -n kube-system rollout status --timeout=120s deployment/coredns daemonset/kube-proxy
# those that it replaced end later
until [ "$(${kubectl} -n kube-system get pods -l k8s-app=kube-dns -o name | wc -l)" = 1 ]; do sleep 1; done`);
}

/** Of the hosts that kubeadm made: processes by host, but for the shims, of which each container has one. */
async function processes(): Promise<Readonly<Record<string, readonly string[]>>> {
  const lists = owned.map(async (host) => [host, (await listProcesses(hosts, host)).filter((line) => !line.startsWith("containerd-shim"))]);
  return Object.fromEntries(await Promise.all(lists));
}

/** What kubeadm and the packages have put there. */
async function ownFiles(host: string) {
  const paths = [
    "/etc/kubernetes",
    "/var/lib/kubelet/config.yaml",
    "/var/lib/kubelet/kubeadm-flags.env",
    "/etc/containerd",
    "/etc/cni",
    "/opt/cni",
    "/usr/bin/kube*",
    "/usr/lib/systemd/system/kubelet*",
    "/etc/systemd/system",
    "/usr/local",
  ];
  return [...(await listFiles(hosts, host, paths))].filter(([path]) => !path.startsWith("/etc/kubernetes/tmp")).sort();
}

async function readFileOf(path: string): Promise<InventoryFile> {
  return parse(await readFile(path, "utf8")) as InventoryFile;
}

/** Adds to an inventory what nobody can read off the cluster. */
async function complete(path: string, more: InventoryFile["spec"]["hosts"] = []): Promise<void> {
  const file = await readFileOf(path);
  const spec = { ...file.spec, containerd: containerSettings.containerd, sources: [{ bundle }], hosts: [...file.spec.hosts, ...more] };
  await writeFile(path, stringify({ ...file, spec }));
}

const lines = (text: string) => text.split("\n").filter((line) => line.trim() !== "");

test("the inventory of a cluster of kubeadm's has what kubeadm and its owner gave it", async (t) => {
  const { exitCode, stdout, stderr } = await kboot("adopt", ...access(), "--output", inventory);
  t.is(exitCode, 0, stderr);
  t.deepEqual(lines(stdout), [
    `${inventory}: cluster kubernetes, Kubernetes 1.36.3, 2 hosts`,
    "the pod network stays its owner's: 10-own.conflist",
    `next: kboot plan -f ${inventory}`,
  ]);
  const { spec } = await readFileOf(inventory);
  const ofOwner = { containerRuntime: { from: "host" }, kubernetes: { from: "host" } };
  t.deepEqual(spec as object, {
    kubernetesVersion: "1.36.3",
    apiEndpoint: { host: address("cp1") },
    certSANs: ["api.example.com"],
    pki: { certificateValidityDays: 90 },
    kubelet: containerSettings.kubelet,
    kubeProxy: containerSettings.kubeProxy,
    extraArgs: { apiServer: { "event-ttl": "2h" }, controllerManager: { "node-monitor-grace-period": "50s" } },
    audit: {
      policyFile: "audit-policy.yaml",
      logPath: "/var/log/kubernetes/audit/audit.log",
      maxAgeDays: 7,
      maxBackups: 3,
      maxSizeMegabytes: 50,
    },
    ssh: { user: hosts.user, identityFiles: [hosts.identityFile], knownHostsFile: hosts.knownHosts },
    network: { plugin: "none" },
    hosts: [
      {
        name: "cp1",
        address: address("cp1"),
        role: "control-plane",
        labels: { "example.com/rack": "12" },
        ...ofOwner,
        kubeletExtraArgs: { v: "2", "node-ip": address("cp1"), "node-labels": "example.com/rack=12" },
      },
      {
        name: "worker1",
        address: address("worker1"),
        role: "worker",
        labels: { disk: "ssd" },
        taints: [{ key: "example.com/batch", value: "night", effect: "PreferNoSchedule" }],
        ...ofOwner,
        kubelet: { maxPods: 55 },
        kubeletExtraArgs: { "register-with-taints": "example.com/batch=night:PreferNoSchedule" },
      },
    ],
  });
  t.is(await readFile(join(folder, "audit-policy.yaml"), "utf8"), policy);
});

test("a plan shows what kboot adds, and nothing that was there changes or restarts", async (t) => {
  await complete(inventory);
  const [before, filesBefore] = [await processes(), await Promise.all(owned.map(ownFiles))];
  const { exitCode, stdout, stderr } = await kboot("plan", "-f", inventory);
  t.is(exitCode, 0, stderr);
  const kernel = (host: string) => [
    `${host}: Prepare the kernel (kernel)`,
    "  file:/etc/modules-load.d/kboot.conf",
    "    + file",
    "      @@ -0,0 +1,2 @@",
    "      +overlay",
    "      +br_netfilter",
    "  file:/etc/sysctl.d/99-kboot.conf",
    "    + file",
    "      @@ -0,0 +1,3 @@",
    "      +net.ipv4.ip_forward = 1",
    "      +net.bridge.bridge-nf-call-iptables = 1",
    "      +net.bridge.bridge-nf-call-ip6tables = 1",
  ];
  const marks = (host: string) => [
    `${host}: Set labels and taints (node-marks)`,
    `  node:${host}`,
    "    + annotation kboot.dev/marks: what kboot has set",
    "  set labels and taints",
  ];
  t.deepEqual(lines(stdout).slice(1, -2), [
    // modules and sysctls that are loaded and set already, so that they are after a reboot
    ...kernel("cp1"),
    ...kernel("worker1"),
    // kubeadm has left out the endpoint, which control planes would need to join
    "cluster: Write the cluster's configuration (cluster-config)",
    "  object:v1/ConfigMap/kube-system/kubeadm-config",
    "    ~ data.ClusterConfiguration",
    "      @@ -29,6 +29,7 @@",
    "       certificateValidityPeriod: 2160h0m0s",
    "       certificatesDir: /etc/kubernetes/pki",
    "       clusterName: kubernetes",
    `      +controlPlaneEndpoint: ${address("cp1")}:6443`,
    "       controllerManager:",
    "         extraArgs:",
    "         - name: node-monitor-grace-period",
    // the inventory in the cluster, who may read it, and the record of what is applied
    "  object:v1/ConfigMap/kube-system/kboot-config",
    "    + object: present",
    "  object:rbac.authorization.k8s.io/v1/Role/kube-system/kboot:config",
    "    + object: present",
    "  object:rbac.authorization.k8s.io/v1/RoleBinding/kube-system/kboot:config",
    "    + object: present",
    "  object:v1/ConfigMap/kube-system/kboot-objects",
    "    + object: present",
    // which of the node's labels and taints are the inventory's
    ...marks("cp1"),
    ...marks("worker1"),
    // once all else is applied, the record again, and a look at the addons
    "cluster: Remove what is no longer wished (prune)",
    "  object:v1/ConfigMap/kube-system/kboot-objects",
    "    + object: present",
    "cluster: Wait until the addons run (addons-ready)",
    "  wait until kube-proxy, the pod network and CoreDNS run",
  ]);

  const applied = await kboot("apply", "-f", inventory);
  t.is(applied.exitCode, 0, `${applied.stdout}${applied.stderr}`);
  t.deepEqual(await processes(), before);
  t.deepEqual(await Promise.all(owned.map(ownFiles)), filesBefore);
  const again = await kboot("plan", "-f", inventory);
  t.regex(again.stdout, /^no change$/m);
  const corefile = await onControlPlane(`${kubectl} -n kube-system get configmap coredns -o jsonpath={.data.Corefile}`);
  t.regex(corefile, /cache 15/);
});

test("a worker of kboot's joins, and the others run on", async (t) => {
  const before = await processes();
  await complete(inventory, [{ name: "worker2", address: address("worker2"), role: "worker" }]);
  const { exitCode, stdout, stderr } = await kboot("apply", "-f", inventory);
  t.is(exitCode, 0, `${stdout}${stderr}`);
  t.deepEqual(await processes(), before);
  const nodes = await onControlPlane(`${kubectl} get nodes --no-headers -o custom-columns=:metadata.name,:status.conditions[-1].status`);
  t.deepEqual(
    lines(nodes).map((line) => line.split(/\s+/)),
    [
      ["cp1", "True"],
      ["worker1", "True"],
      ["worker2", "True"],
    ],
  );
  t.regex((await kboot("plan", "-f", inventory)).stdout, /^no change$/m);
});

test("the inventory comes back out of the cluster, which refuses to be taken over once more", async (t) => {
  const path = join(folder, "recovered", "kboot.yaml");
  await mkdir(join(folder, "recovered"));
  const { exitCode, stdout, stderr } = await kboot("inventory", "recover", ...access(), "--output", path);
  t.is(exitCode, 0, `${stdout}${stderr}`);
  const [own, recovered] = [await readFileOf(inventory), await readFileOf(path)];
  // a bundle lies on the operator's machine
  const { sources: _, ...spec } = own.spec;
  t.deepEqual(recovered.spec as object, spec);
  t.is(await readFile(join(folder, "recovered", "audit-policy.yaml"), "utf8"), policy);
  await complete(path);
  t.regex((await kboot("plan", "-f", path)).stdout, /^no change$/m);

  const adopted = await kboot("adopt", ...access(), "--output", join(folder, "other.yaml"));
  t.is(adopted.exitCode, 5);
  t.regex(adopted.stderr, /has an inventory of its own.*\nhint: kboot inventory recover --host/);
  const existing = await kboot("inventory", "recover", ...access(), "--output", path);
  t.is(existing.exitCode, 64);
  t.regex(existing.stderr, /is there already/);
});
