import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { execa } from "execa";
import { type Pack, pack } from "tar-stream";
import { stringify } from "yaml";
import { openSources } from "../../src/artifacts/index.ts";
import type { Cluster, Role } from "../../src/inventory/cluster.ts";
import { readInventory } from "../../src/inventory/read.ts";
import { containerdConfig, containerdUnit, containerdUnitFile } from "../../src/kubernetes/containerd.ts";
import { filesFor } from "../../src/kubernetes/files.ts";
import { clusterConfiguration } from "../../src/kubernetes/kubeadm-config.ts";
import { kubeletConfiguration, kubeletDropIn, kubeletFiles, kubeletUnit } from "../../src/kubernetes/kubelet.ts";
import { cniBinDir, cniConfDir, containerdConfigFile, criSocket, kubernetesDir } from "../../src/kubernetes/paths.ts";
import { hostVersions } from "../../src/kubernetes/versions.ts";
import { imagesFor } from "../../src/network/cluster-images.ts";
import { networkPlugin } from "../../src/network/index.ts";
import type { Lab } from "../cluster/support/lab.ts";
import type { Milestones } from "./figures.ts";

const architecture = "amd64";
const script = new URL("kubeadm.sh", import.meta.url).pathname;

/** One run of kubeadm.sh. */
export interface KubeadmRun {
  readonly seconds: number;
  readonly milestones: Milestones;
}

/** Lays out in `folder` all that kubeadm.sh sends to the hosts, out of the sources of an inventory. */
export async function prepareKubeadm(set: Lab, inventory: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const cluster = await readInventory(inventory);
  await writeArtifacts(cluster, folder);
  const objects = networkPlugin(cluster)?.objects(cluster, { facts: new Map(), running: undefined }) ?? [];
  const list = { apiVersion: "v1", kind: "List", items: objects.map(({ object }) => object) };
  await writeFile(join(folder, "network.json"), JSON.stringify(list));
  const token = `${randomBytes(3).toString("hex")}.${randomBytes(8).toString("hex")}`;
  for (const host of set.hosts) await writeHostFiles(cluster, host, token, join(folder, `${host.name}.tar`));
}

/** Brings bare hosts to a cluster. What the hosts say is kept in `folder`, a log per host. */
export async function runKubeadm(set: Lab, folder: string, signal: AbortSignal): Promise<KubeadmRun> {
  const names = (role: Role) => set.hosts.filter((host) => host.role === role).map((host) => host.name);
  const start = Date.now() / 1000;
  const { stdout, exitCode } = await execa("sh", [script, folder, set.sshConfig, ...names("control-plane"), ...names("worker")], {
    stdin: "ignore",
    stderr: "inherit",
    reject: false,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  if (exitCode !== 0) {
    const logs = await Promise.all(set.hosts.map(async ({ name }) => `${name}: ${await readLog(join(folder, `${name}.log`))}`));
    throw new Error(`kubeadm.sh ended with ${exitCode}\n${stdout}\n${logs.join("\n")}`);
  }
  const seconds = Date.now() / 1000 - start;
  const marks = stdout.split("\n").map((line) => {
    const [at, what = ""] = line.split(" ");
    return { at: Number(at) - start, what };
  });
  const lastOf = (...whats: readonly string[]) => Math.max(0, ...marks.filter(({ what }) => whats.includes(what)).map(({ at }) => at));
  const milestones = {
    installed: lastOf("images", "programs"),
    initialized: lastOf("initialized"),
    joined: lastOf("joined"),
    ready: lastOf("ready"),
    finished: seconds,
  };
  return { seconds, milestones };
}

/** The end of what a host said. */
async function readLog(path: string): Promise<string> {
  return (await readFile(path, "utf8").catch(() => "")).split("\n").slice(-12).join("\n");
}

/** Puts what kubeadm needs of the sources of a cluster into `folder`: `kubernetes.gz` (kubelet, kubeadm and kubectl as one file), `cni-plugins.tar.gz`, `ROLE.images.tar`, and containerd. */
export async function writeArtifacts(cluster: Cluster, folder: string): Promise<void> {
  const wanted = {
    files: [...filesFor(cluster), { name: "kubeadm", version: cluster.kubernetesVersion }],
    images: imagesFor(cluster, "control-plane"),
  };
  const artifacts = await (await openSources(cluster.sources, wanted, new AbortController().signal)).resolve([architecture]);
  const stored = {
    // kubelet, kubeadm and kubectl are one file, as kboot gets it
    "kubernetes.gz": artifacts.file("kubelet", cluster.kubernetesVersion, architecture),
    "containerd.tar.gz": artifacts.file("containerd", hostVersions.containerd, architecture),
    "runc.gz": artifacts.file("runc", hostVersions.runc, architecture),
    "cni-plugins.tar.gz": artifacts.file("cni-plugins", hostVersions.cniPlugins, architecture),
  };
  const kubeadm = artifacts.file("kubeadm", cluster.kubernetesVersion, architecture);
  if (kubeadm.sha256 !== stored["kubernetes.gz"].sha256) throw new Error("kubelet and kubeadm of this bundle are not one file");
  for (const [name, { payload }] of Object.entries(stored)) await save((await payload()).open(), join(folder, name));
  for (const role of ["control-plane", "worker"] as const) {
    const images = imagesFor(cluster, role).map((name) => artifacts.image(name, architecture));
    const archive = await artifacts.imageArchive(images, new Set());
    await save(archive.open(), join(folder, `${role}.images.tar`));
  }
}

async function save(bytes: AsyncIterable<Uint8Array> | Pack, path: string): Promise<void> {
  await pipeline(Readable.from(bytes as AsyncIterable<Uint8Array>, { objectMode: false }), createWriteStream(path));
}

/** The small files of a host as a tar, equal to those that kboot writes, and kubeadm's configuration. */
async function writeHostFiles(cluster: Cluster, host: Lab["hosts"][number], token: string, path: string): Promise<void> {
  const archive = pack();
  for (const folder of [cniBinDir, cniConfDir, kubernetesDir]) archive.entry({ name: folder.slice(1), type: "directory", mode: 0o755 });
  const files: Readonly<Record<string, string>> = {
    [containerdConfigFile]: containerdConfig(cluster),
    [containerdUnitFile]: containerdUnit(),
    [kubeletFiles.unit]: kubeletUnit(),
    [kubeletFiles.dropIn]: kubeletDropIn(),
    "/etc/modules-load.d/kubernetes.conf": "overlay\nbr_netfilter\n",
    "/etc/sysctl.d/99-kubernetes.conf": ["net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables"]
      .map((key) => `${key} = 1\n`)
      .join(""),
  };
  for (const [name, text] of Object.entries(files)) addFile(archive, name, text, 0o644);
  addFile(archive, "/etc/kubeadm.yaml", kubeadmConfiguration(cluster, host, token), 0o600);
  archive.finalize();
  await save(archive, path);
}

function addFile(archive: Pack, path: string, text: string, mode: number): void {
  archive.entry({ name: path.slice(1), mode }, text);
}

/** What `kubeadm init` or `kubeadm join` reads: the cluster that kboot makes of the same inventory. */
function kubeadmConfiguration(cluster: Cluster, { name, address, role }: Lab["hosts"][number], token: string): string {
  const kind = (apiVersion: string, which: string) => ({ apiVersion, kind: which });
  const nodeRegistration = {
    name,
    criSocket,
    kubeletExtraArgs: [{ name: "node-ip", value: address }],
    // of a container, kubeadm cannot read the kernel's configuration
    ignorePreflightErrors: ["all"],
  };
  const documents =
    role === "worker"
      ? [
          {
            ...kind("kubeadm.k8s.io/v1beta4", "JoinConfiguration"),
            discovery: { file: { kubeConfigPath: `${kubernetesDir}/discovery.conf` }, tlsBootstrapToken: token },
            nodeRegistration,
          },
        ]
      : [
          {
            ...kind("kubeadm.k8s.io/v1beta4", "InitConfiguration"),
            bootstrapTokens: [{ token, ttl: "1h0m0s" }],
            localAPIEndpoint: { advertiseAddress: address, bindPort: cluster.bindPort },
            nodeRegistration,
          },
          { ...clusterConfiguration(cluster), controlPlaneEndpoint: `${address}:${cluster.bindPort}` },
          kubeletConfiguration(cluster),
          { ...kind("kubeproxy.config.k8s.io/v1alpha1", "KubeProxyConfiguration"), ...cluster.kubeProxy },
        ];
  return documents.map((document) => stringify(document)).join("---\n");
}
