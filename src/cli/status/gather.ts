import type { Api } from "../../engine/contracts.ts";
import { Vault } from "../../engine/vault.ts";
import { KbootError } from "../../errors.ts";
import type { Cluster } from "../../inventory/cluster.ts";
import { administratorAccess, learnCa, reachedControlPlane } from "../../kubernetes/administrator.ts";
import { openApi } from "../../kubernetes/api.ts";
import { type ApiServerHealth, askApiServer } from "../../kubernetes/api-server.ts";
import { type ControlPlanePod, listControlPlanePods } from "../../kubernetes/control-plane-pods.ts";
import { askEtcd, type EtcdHealth } from "../../kubernetes/etcd-health.ts";
import { readWorkload, type WorkloadStatus } from "../../kubernetes/workload-status.ts";
import { networkPlugin } from "../../network/index.ts";
import type { NetworkHealth } from "../../network/plugin.ts";
import { identify } from "../operate.ts";
import { type Answer, answerBy } from "./deadline.ts";
import type { CertificateStatus } from "./document.ts";
import { type Deadlines, type HostLook, lookAtHost } from "./look-at-host.ts";
import { type NodeEntry, readNodeEntry } from "./node-entry.ts";

/** All that was found, each part by itself. Maps are by the names of hosts. */
export interface Findings {
  readonly hosts: ReadonlyMap<string, Answer<HostLook>>;
  readonly certificates: ReadonlyMap<string, Answer<readonly CertificateStatus[]>>;
  /** Of each control plane. */
  readonly apiServers: ReadonlyMap<string, Answer<ApiServerHealth>>;
  /** Of each control plane. */
  readonly etcd: ReadonlyMap<string, Answer<EtcdHealth>>;
  readonly nodes: Answer<readonly NodeEntry[]>;
  readonly pods: Answer<readonly ControlPlanePod[]>;
  readonly workloads: Answer<readonly WorkloadStatus[]>;
  /** Of each host, where the network says more than its DaemonSet. */
  readonly network: ReadonlyMap<string, Answer<NetworkHealth>>;
}

/** From the start of the program: how long reaching a host may take, and how long everything; and what is left to either in any case. */
const reachMs = 2000;
const answerMs = 2500;
const leastMs = 1700;

/**
 * Looks at all parts of a cluster at once. None waits for one that it does not need, and each has an end, counted from `began` (milliseconds since
 * the epoch). Throws when the run is stopped.
 */
export async function gather(cluster: Cluster, began: number, signal: AbortSignal): Promise<Findings> {
  const reach = Math.max(began + reachMs, Date.now() + leastMs);
  const deadlines: Deadlines = { reach, answer: Math.max(began + answerMs, reach + 500) };
  const ask = <T>(question: (own: AbortSignal) => Promise<T>) => answerBy(deadlines.answer, signal, question);
  const run = identify("status", "read");
  const looking = new Map(cluster.hosts.map((host) => [host.name, lookAtHost(host, cluster, run, deadlines, signal)]));
  const looks = mapValues(looking, (look) => look);
  const controlPlanes = new Map([...looking].filter(([name]) => isControlPlane(cluster, name)));

  const asking = mapValues(controlPlanes, (look) => andAsk(look, (one) => ask((own) => openApiServer(cluster, one, own))));
  const asked = asking.then((all) => askCluster([...all.values()].find(({ value }) => value?.health.ready === true)?.value?.api, ask));
  const etcd = mapValues(controlPlanes, (look) => andAsk(look, ({ host }) => ask((own) => askEtcd(host, own))));
  const certificates = mapValues(looking, (look) => andAsk(look, (one) => one.certificates));
  const plugin = networkPlugin(cluster);
  const network =
    plugin === undefined
      ? new Map<string, Answer<NetworkHealth>>()
      : mapValues(looking, (look) => andAsk(look, ({ host }) => ask((own) => plugin.health(host, own))));
  try {
    const apiServers = new Map(
      [...(await asking)].map(([name, { value, unknown }]) => [name, value ? { value: value.health } : { unknown }]),
    );
    const { nodes, pods, workloads } = await asked;
    const found = { hosts: await looks, certificates: await certificates, etcd: await etcd, network: await network };
    return { ...found, apiServers, nodes, pods, workloads } as Findings;
  } finally {
    for (const { value } of (await looks).values()) void value?.host.close().catch(() => undefined);
  }
}

function isControlPlane({ hosts }: Cluster, name: string): boolean {
  return hosts.some((host) => host.name === name && host.role === "control-plane");
}

async function mapValues<K, T, U>(map: ReadonlyMap<K, T>, use: (value: T) => Promise<U>): Promise<ReadonlyMap<K, U>> {
  return new Map(await Promise.all([...map].map(async ([key, value]) => [key, await use(value)] as const)));
}

/** Asks a host once it is reached. */
async function andAsk<T>(looking: Promise<Answer<HostLook>>, use: (look: HostLook) => Promise<Answer<T>>): Promise<Answer<T>> {
  const look = await looking;
  return look.unknown === undefined ? use(look.value) : { unknown: "the host was not reached" };
}

async function openApiServer(cluster: Cluster, { host, facts }: HostLook, signal: AbortSignal) {
  const vault = new Vault();
  if (learnCa(cluster, new Map([[host.name, facts]]), vault) === undefined) {
    throw new KbootError("api", "the host holds neither a CA of a cluster with its key nor an administrator's kubeconfig of that CA", {
      hint: "has `kboot apply` made it? where the CA's key is elsewhere, an admin.conf that is valid now does as well",
    });
  }
  const access = await administratorAccess(reachedControlPlane(host, cluster, facts), vault, signal);
  return { api: openApi(access), health: await askApiServer(access, signal) };
}

type Ask = <T>(question: (own: AbortSignal) => Promise<T>) => Promise<Answer<T>>;

async function askCluster(api: Api | undefined, ask: Ask) {
  if (api === undefined) {
    const unknown = { unknown: "no API server is ready" };
    return { api, nodes: unknown, pods: unknown, workloads: unknown };
  }
  const [nodes, pods, objects] = await Promise.all([
    ask(async (own) => (await api.list("v1", "Node", {}, own)).map(readNodeEntry)),
    ask((own) => listControlPlanePods(api, own)),
    ask(async (own) => (await Promise.all(["DaemonSet", "Deployment"].map((kind) => api.list("apps/v1", kind, {}, own)))).flat()),
  ]);
  // while nodes are not known all of a DaemonSet's pods must be ready
  const readyNodes = nodes.value?.filter(({ isReady }) => isReady).length ?? Number.POSITIVE_INFINITY;
  const workloads = objects.unknown === undefined ? { value: objects.value.map((object) => readWorkload(object, readyNodes)) } : objects;
  return { api, nodes, pods, workloads };
}
