import type { Cluster } from "../../inventory/cluster.ts";
import { controlPlaneKey } from "../../inventory/marks.ts";
import { controlPlaneComponents } from "../../kubernetes/control-plane-pods.ts";
import { workloadName } from "../../kubernetes/workload-name.ts";
import { networkPlugin } from "../../network/index.ts";
import type { NetworkHealth } from "../../network/plugin.ts";
import { unreadable } from "./certificates.ts";
import type { Answer } from "./deadline.ts";
import type {
  ApiServerStatus,
  CertificateStatus,
  ComponentStatus,
  EtcdStatus,
  NetworkEntry,
  NodeStatus,
  Part,
  Status,
} from "./document.ts";
import type { Findings } from "./gather.ts";
import { listProblems } from "./problems.ts";
import { compareVersions } from "./versions.ts";

/** kubeadm's mark of a control plane's node (kubeadm/app/constants, LabelNodeRoleControlPlane, v1.36). */

/** The document that findings make. Pure. */
export function summarize(cluster: Cluster, findings: Findings): Status {
  const daemonSet = networkPlugin(cluster)?.daemonSet;
  const networkName = daemonSet === undefined ? undefined : workloadName(daemonSet);
  const known = {
    cluster: cluster.name,
    hosts: cluster.hosts.map(({ name: host, role }) => {
      const why = findings.hosts.get(host)?.unknown ?? null;
      return { host, role, reached: why === null, why };
    }),
    apiServers: [...findings.apiServers].map(([host, answer]) => toApiServer(host, answer)),
    nodes: toPart(findings.nodes, (nodes) => listNodes(cluster, nodes)),
    controlPlane: listComponents(cluster, findings),
    etcd: [...findings.etcd].map(([host, answer]) => toEtcd(host, answer)),
    network: { plugin: cluster.network.plugin, ...summarizeNetwork(findings, networkName) },
    addons: toPart(findings.workloads, (workloads) =>
      workloads.filter(({ name }) => name !== networkName).map(({ name, ready, wished, ok }) => ({ name, ready, wished, ok })),
    ),
    certificates: listCertificates(findings),
    versions: compareVersions(cluster, findings),
  };
  const problems = listProblems(known);
  return { ...known, ok: problems.length === 0, problems };
}

function listCertificates({ certificates, hosts }: Findings): readonly CertificateStatus[] {
  const found = [...certificates].flatMap(([host, { value, unknown }]) => {
    if (value !== undefined) return value;
    return hosts.get(host)?.value === undefined ? [] : unreadable(host, "all", unknown ?? "");
  });
  return found.toSorted((a, b) => (a.days ?? Number.NEGATIVE_INFINITY) - (b.days ?? Number.NEGATIVE_INFINITY));
}

function toPart<T, U>({ value, unknown }: Answer<T>, use: (value: T) => readonly U[]): Part<U> {
  return value === undefined ? { unknown: unknown ?? "", items: [] } : { unknown: null, items: use(value) };
}

function toApiServer(
  host: string,
  { value, unknown }: Findings["apiServers"] extends ReadonlyMap<string, infer A> ? A : never,
): ApiServerStatus {
  if (value === undefined) return { host, ready: false, version: null, why: unknown ?? null };
  const why = value.ready
    ? null
    : value.failing.length === 0
      ? "it answers, but not the question whether it is ready"
      : `it is not ready: ${value.failing.join(", ")}`;
  return { host, ready: value.ready, version: value.version ?? null, why };
}

function toEtcd(host: string, { value, unknown }: Findings["etcd"] extends ReadonlyMap<string, infer A> ? A : never): EtcdStatus {
  if (value === undefined) return { host, healthy: null, databaseBytes: null, version: null, why: unknown ?? null };
  return {
    host,
    healthy: value.healthy,
    databaseBytes: value.databaseBytes ?? null,
    version: value.version ?? null,
    why: value.reason ?? null,
  };
}

function listNodes(cluster: Cluster, nodes: NonNullable<Findings["nodes"]["value"]>): readonly NodeStatus[] {
  const joined = nodes.map((node) => ({
    name: node.name,
    joined: true,
    inInventory: cluster.hosts.some(({ nodeName }) => nodeName === node.name),
    ready: node.isReady,
    role: controlPlaneKey in node.labels ? "control-plane" : "worker",
    version: node.kubeletVersion.replace(/^v/, ""),
    runtime: node.runtime,
    address: node.internalAddress ?? "",
    why: node.why ?? null,
  }));
  const names = new Set(joined.map(({ name }) => name));
  const missing = cluster.hosts
    .filter(({ nodeName }) => !names.has(nodeName))
    .map(({ nodeName: name, role }) => ({
      name,
      joined: false,
      inInventory: true,
      ready: false,
      role,
      version: "",
      runtime: "",
      address: "",
      why: null,
    }));
  return [...joined, ...missing];
}

/** What the API says of the control plane's pods; while it does not answer, whether something listens on their ports. */
function listComponents(cluster: Cluster, { pods, hosts }: Findings): readonly ComponentStatus[] {
  return cluster.hosts
    .filter(({ role }) => role === "control-plane")
    .flatMap(({ name: host, nodeName }) =>
      [...controlPlaneComponents(cluster)].map(([component, port]): ComponentStatus => {
        if (pods.value !== undefined) {
          const pod = pods.value.find((one) => one.component === component && one.node === nodeName);
          return { host, component, state: pod === undefined ? "missing" : pod.ready ? "ready" : "not ready" };
        }
        const listening = hosts.get(host)?.value?.facts.listening;
        if (listening === undefined) return { host, component, state: "unknown" };
        return { host, component, state: listening.some((one) => one.port === port) ? "listening" : "stopped" };
      }),
    );
}

function summarizeNetwork({ workloads, network, hosts }: Findings, name: string | undefined): Part<NetworkEntry> {
  if (name === undefined) return { unknown: null, items: [] };
  const own = workloads.value?.find((workload) => workload.name === name);
  const state = own === undefined ? { ok: false, text: "missing" } : { ok: own.ok, text: `${own.ready} of ${own.wished} pods ready` };
  return {
    unknown: workloads.unknown ?? null,
    items: [
      ...(workloads.value === undefined ? [] : [{ what: name, ...state }]),
      ...[...network].flatMap(([host, answer]) => (hosts.get(host)?.value === undefined ? [] : { what: host, ...tellHealth(answer) })),
    ],
  };
}

function tellHealth({ value, unknown }: Answer<NetworkHealth>): { readonly ok: boolean; readonly text: string } {
  return value === undefined
    ? { ok: false, text: `unknown: ${unknown}` }
    : { ok: value.ok, text: [value.summary, ...value.problems].join("; ") };
}
