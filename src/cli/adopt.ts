import { access, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { stringify } from "yaml";
import { createEmit } from "../engine/events.ts";
import { type Reached, reachHosts } from "../engine/reach.ts";
import { KbootError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { openHost } from "../host/open-host.ts";
import { quote } from "../host/quote.ts";
import type { Cluster, ClusterHost } from "../inventory/cluster.ts";
import { describeCluster } from "../inventory/describe.ts";
import { parseInventory } from "../inventory/parse.ts";
import { formatProblem } from "../inventory/problem.ts";
import { resolveCluster } from "../inventory/resolve.ts";
import { judgeAddress, judgeLabel, judgeUser } from "../inventory/syntax.ts";
import type { SeenHost } from "../kubeadm/describe-node.ts";
import { auditPolicyName, describeKbootCluster, describeKubeadmCluster, type Found, type Look } from "../kubeadm/describe-running.ts";
import { hostKubeletScript, parseHostKubelet } from "../kubeadm/host-kubelet.ts";
import { type RunningCluster, readRunningCluster } from "../kubeadm/running-cluster.ts";
import type { NotTaken } from "../kubeadm/taken.ts";
import { supportedMinors } from "../kubernetes/versions.ts";
import { count } from "../ui/count.ts";
import { openControlPlaneApi } from "./open-api.ts";
import { identify } from "./operate.ts";
import { readFrom, withControlPlanes } from "./reach-cluster.ts";

interface Options {
  readonly host: string;
  readonly user?: string;
  readonly port?: string;
  readonly identityFile?: string;
  readonly knownHostsFile?: string;
  readonly name?: string;
  readonly output: string;
}

/** `kboot adopt`: writes the inventory of a cluster that kubeadm made, of what it says through one of its control planes. */
export async function adopt(given: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  const options = given as unknown as Options;
  await writeFound(options, "adopt", signal, (look) => {
    if (look.running.kbootConfig !== undefined) {
      throw new KbootError("conflict", "the cluster has an inventory of its own already, in ConfigMap kboot-config", {
        hint: `kboot inventory recover --host ${options.host}`,
      });
    }
    refuseUnsuitable(look.running);
    return describeKubeadmCluster(look, options.name ?? "kubernetes");
  });
}

/** `kboot inventory recover`: writes the inventory that the cluster keeps of itself. */
export async function recover(given: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  const options = given as unknown as Options;
  await writeFound(options, "inventory recover", signal, (look) => {
    const found = describeKbootCluster(look);
    if (found !== undefined) return found;
    throw new KbootError("conflict", "the cluster keeps no inventory: there is no ConfigMap kboot-config in kube-system that can be read", {
      hint: `of a cluster that kubeadm made, write one with: kboot adopt --host ${options.host}`,
    });
  });
}

/** What kboot would do to such a cluster is not what its owner wants. */
function refuseUnsuitable({ documents }: RunningCluster): void {
  const { ClusterConfiguration } = documents();
  if (ClusterConfiguration === undefined) {
    throw new KbootError("conflict", "kubeadm has not made this cluster: there is no ConfigMap kubeadm-config in kube-system", {
      hint: "kboot can take over clusters of kubeadm's alone",
    });
  }
  if (ClusterConfiguration.etcd?.external !== undefined) {
    throw new KbootError("conflict", "the cluster's etcd is an external one, and kboot runs etcd on the control planes", {
      hint: "such a cluster cannot be taken over",
    });
  }
  const version = ClusterConfiguration.kubernetesVersion ?? "";
  if (!supportedMinors.some((minor) => version.replace(/^v/, "").startsWith(`${minor}.`))) {
    throw new KbootError("conflict", `the cluster runs Kubernetes ${version}, which kboot does not know`, {
      hint: `versions are ${supportedMinors.join(", ")}: upgrade it with kubeadm before`,
    });
  }
}

/** Throws KbootError `usage` for an option that no inventory would take. */
function judgeOptions({ host, user, port, name }: Options): void {
  const judged = {
    "--host": judgeAddress(host),
    "--user": user === undefined ? undefined : judgeUser(user),
    "--port":
      port === undefined || (/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65535) ? undefined : `${port} is no port`,
    "--name": name === undefined ? undefined : judgeLabel(name),
  };
  for (const [option, message] of Object.entries(judged)) {
    if (message !== undefined) throw new KbootError("usage", `${option}: ${message}`, { hint: "kboot adopt --help" });
  }
}

async function writeFound(options: Options, command: string, signal: AbortSignal, describe: (look: Look) => Found): Promise<void> {
  judgeOptions(options);
  const file = resolve(options.output);
  await refuseExisting(options.output);
  const { found, policy } = await look(options, command, signal, describe);
  const { cluster, notTaken, ownNetwork } = found;
  const text = `${comment(notTaken)}${stringify(describeCluster(cluster))}`;
  const { problems } = parseInventory(text, { file, home: homedir() });
  if (policy !== undefined) await write(join(dirname(options.output), auditPolicyName), policy);
  await write(options.output, text);
  const lines = [
    `${options.output}: cluster ${cluster.name}, Kubernetes ${cluster.kubernetesVersion}, ${count(cluster.hosts.length, "host")}`,
    ...(ownNetwork === undefined ? [] : [`the pod network stays its owner's: ${ownNetwork.join(", ") || "there is none yet"}`]),
    ...notTaken.map(({ field, message }) => `not taken over: ${field}: ${message}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  if (problems !== undefined) {
    throw new KbootError("inventory", problems.map((problem) => formatProblem(options.output, problem)).join("\n"), {
      hint: `put that right in ${options.output}, then: kboot plan -f ${options.output}`,
    });
  }
  process.stdout.write(`next: kboot plan -f ${options.output}\n`);
}

/** Looks at the cluster through the control plane that was named, and at each of its nodes. */
async function look(options: Options, command: string, signal: AbortSignal, describe: (look: Look) => Found) {
  const file = resolve(options.output);
  const first = clusterOf([options.host], options, file);
  return withControlPlanes(first, command, signal, async (reached) => {
    const running = await readRunningCluster(await openControlPlaneApi(first, reached, signal), signal);
    const [host] = reached.hosts.values();
    const [facts] = reached.facts.values();
    if (host === undefined || facts === undefined) throw new Error("no control plane is reached, and none is named");
    const own = running.nodes.find(({ internalAddress }) => facts.addresses.some(({ address }) => address === internalAddress));
    const others = running.nodes.filter((node) => node !== own);
    const addresses = new Map([
      ...(own === undefined ? [] : [[own.name, options.host] as const]),
      ...others.flatMap(({ name, internalAddress }) => (internalAddress === undefined ? [] : [[name, internalAddress] as const])),
    ]);
    const seen = new Map(own === undefined ? [] : [[own.name, { facts, kubelet: await readKubelet(host, signal) }]]);
    const rest = await lookAtOthers(
      clusterOf([...addresses.values()], options, file),
      others.flatMap(({ name }) => addresses.get(name) ?? []),
      command,
      signal,
    );
    for (const { name } of others) {
      const found = rest.get(addresses.get(name) ?? "");
      if (found !== undefined) seen.set(name, found);
    }
    const [{ ssh } = { ssh: undefined }] = first.hosts;
    if (ssh === undefined) throw new Error("a cluster has one host at least");
    const found = describe({ running, seen, addresses, ssh, file, home: homedir() });
    const { auditPolicyPath } = found;
    const policy =
      auditPolicyPath === undefined
        ? found.cluster.audit?.policy
        : await readFrom(host, "read the audit policy", `cat ${quote(auditPolicyPath)}`, signal);
    return { found, policy };
  });
}

/** What was seen of other hosts, by their address. One that is not reached is missing. */
async function lookAtOthers(
  cluster: Cluster,
  wanted: readonly string[],
  command: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, SeenHost>> {
  const run = identify(command, "read");
  const hosts = cluster.hosts.filter(({ address }) => wanted.includes(address));
  const reached: Reached = await reachHosts(hosts, cluster, (host) => openHost(host, run, { signal }), createEmit([]), signal);
  try {
    const seen = [...reached.hosts].map(async ([address, host]) => {
      const facts = reached.facts.get(address);
      return facts === undefined ? [] : [[address, { facts, kubelet: await readKubelet(host, signal) }] as const];
    });
    return new Map((await Promise.all(seen)).flat());
  } finally {
    await Promise.all([...reached.hosts.values()].map((host) => host.close()));
  }
}

async function readKubelet(host: Host, signal: AbortSignal) {
  return parseHostKubelet(Buffer.from(await readFrom(host, "read the kubelet's files", hostKubeletScript, signal)));
}

/** The least cluster with these hosts, each named after its address. */
function clusterOf(addresses: readonly string[], options: Options, file: string): Cluster {
  const hosts = addresses.map((address): ClusterHostDraft => ({ name: address, address, role: "control-plane" }));
  const ssh = {
    ...(options.user === undefined ? {} : { user: options.user }),
    ...(options.port === undefined ? {} : { port: Number(options.port) }),
    ...(options.identityFile === undefined ? {} : { identityFiles: [resolve(options.identityFile)] }),
    ...(options.knownHostsFile === undefined ? {} : { knownHostsFile: resolve(options.knownHostsFile) }),
  };
  const inventory = { apiVersion: "kboot.dev/v1alpha1", kind: "Cluster", metadata: { name: "cluster" } } as const;
  return resolveCluster({ ...inventory, spec: { kubernetesVersion: "", ssh, hosts } }, { file, home: homedir() });
}

type ClusterHostDraft = Pick<ClusterHost, "name" | "address" | "role">;

async function refuseExisting(path: string): Promise<void> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere)
    throw new KbootError("usage", `${path} is there already`, { hint: "name another file with --output, or move that one away" });
}

/** Never over a file that is there. */
async function write(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: "wx" }).catch((cause: Error) => {
    throw new KbootError("usage", `cannot write ${path}: ${cause.message}`, { hint: "name another file with --output", cause });
  });
}

function comment(notTaken: readonly NotTaken[]): string {
  if (notTaken.length === 0) return "";
  return `# The cluster has this, and an inventory cannot say it:\n${notTaken.map(({ field, message }) => `# - ${field}: ${message}\n`).join("")}`;
}
