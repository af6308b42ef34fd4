import { draftOf } from "../inventory/draft.ts";
import { findingsOf } from "../inventory/findings.ts";
import { type Finding, formatPath, type Path } from "../inventory/problem.ts";
import { judgeDraft } from "../inventory/rules.ts";
import { inventorySchema } from "../inventory/schema.ts";
import type { Taken } from "./taken.ts";

/** Where in kubeadm's documents the fields of an inventory come from; the longest path counts. */
const origins: readonly (readonly [path: Path, field: Path])[] = [
  [["spec"], ["ClusterConfiguration"]],
  [
    ["spec", "apiEndpoint"],
    ["ClusterConfiguration", "controlPlaneEndpoint"],
  ],
  [
    ["spec", "apiEndpoint", "bindPort"],
    ["InitConfiguration", "localAPIEndpoint", "bindPort"],
  ],
  [
    ["spec", "certSANs"],
    ["ClusterConfiguration", "apiServer", "certSANs"],
  ],
  [
    ["spec", "pki", "certificatesDir"],
    ["ClusterConfiguration", "certificatesDir"],
  ],
  [
    ["spec", "pki", "encryptionAlgorithm"],
    ["ClusterConfiguration", "encryptionAlgorithm"],
  ],
  [
    ["spec", "pki", "certificateValidityDays"],
    ["ClusterConfiguration", "certificateValidityPeriod"],
  ],
  [
    ["spec", "pki", "caCertificateValidityDays"],
    ["ClusterConfiguration", "caCertificateValidityPeriod"],
  ],
  [
    ["spec", "extraArgs", "apiServer"],
    ["ClusterConfiguration", "apiServer", "extraArgs"],
  ],
  [
    ["spec", "extraArgs", "controllerManager"],
    ["ClusterConfiguration", "controllerManager", "extraArgs"],
  ],
  [
    ["spec", "extraArgs", "scheduler"],
    ["ClusterConfiguration", "scheduler", "extraArgs"],
  ],
  [
    ["spec", "extraArgs", "etcd"],
    ["ClusterConfiguration", "etcd", "local", "extraArgs"],
  ],
  [
    ["spec", "audit"],
    ["ClusterConfiguration", "apiServer", "extraArgs"],
  ],
  [["spec", "kubelet"], ["KubeletConfiguration"]],
  [["spec", "kubeProxy"], ["KubeProxyConfiguration"]],
  [
    ["spec", "hosts", 0],
    ["InitConfiguration", "nodeRegistration"],
  ],
  [
    ["spec", "hosts", 0, "nodeName"],
    ["InitConfiguration", "nodeRegistration", "name"],
  ],
  [
    ["spec", "hosts", 0, "nodeAddress"],
    ["InitConfiguration", "localAPIEndpoint", "advertiseAddress"],
  ],
  [
    ["spec", "hosts", 0, "labels"],
    ["InitConfiguration", "nodeRegistration", "kubeletExtraArgs", "node-labels"],
  ],
];

/** Kind of the document that describes the host. */
export type HostKind = "InitConfiguration" | "JoinConfiguration";

/** What an inventory takes of this: what its schema or rules refuse is moved to `notTaken`, with their reason. */
export function keepValid({ spec, host, notTaken }: Taken, kind: HostKind = "InitConfiguration"): Taken {
  const document = {
    apiVersion: "kboot.dev/v1alpha1",
    kind: "Cluster",
    metadata: { name: "cluster" },
    // what kubeadm's documents do not say is none of their mistakes
    spec: { kubernetesVersion: "", ...spec, hosts: [{ name: "host", transport: "local", role: "control-plane", ...host }] },
  };
  const found = [
    ...(inventorySchema.safeParse(document, { reportInput: true }).error?.issues.flatMap(findingsOf) ?? []),
    ...judgeDraft(draftOf(document)),
  ];
  const wrong = found.filter(({ path }) => valueAt({ spec: { ...spec, hosts: [host] } }, path) !== undefined);
  if (wrong.length === 0) return { spec, host, notTaken };
  const left = wrong
    .map(({ path }) => path)
    .toSorted(lastFirst)
    .reduce((value, path) => without(value, path), document as unknown) as typeof document;
  const { hosts, kubernetesVersion, ...rest } = left.spec;
  const { name: _name, transport: _transport, role: _role, ...own } = hosts[0] ?? {};
  return keepValid(
    {
      spec: { ...rest, ...(kubernetesVersion === "" || kubernetesVersion === undefined ? {} : { kubernetesVersion }) },
      host: own,
      notTaken: [...notTaken, ...wrong.map((finding) => toNotTaken(finding, kind))],
    },
    kind,
  );
}

function toNotTaken({ path, message }: Finding, kind: HostKind) {
  return { field: formatPath(fieldOfKubeadm(path, kind)), message };
}

/** Where in kubeadm's documents a field of an inventory comes from. */
export function fieldOfKubeadm(path: Path, kind: HostKind = "InitConfiguration"): Path {
  const [at, field] = origins.findLast(([origin]) => origin.every((part, index) => part === path[index])) ?? [[], []];
  const [root, ...below] = field;
  return [...(root === "InitConfiguration" ? [kind, ...below] : field), ...path.slice(at.length)];
}

/** So that taking one item out of a list moves none that is still to be taken out. */
function lastFirst(a: Path, b: Path): number {
  const place = a.findIndex((part, index) => part !== b[index]);
  const [left, right] = [a[place], b[place]];
  return typeof left === "number" && typeof right === "number" ? right - left : 0;
}

/** What a value holds there; undefined where it holds nothing. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, part) => (typeof at === "object" && at !== null ? (at as Record<string | number, unknown>)[part] : undefined),
    value,
  );
}

/** The value without what is at the path; a map or list that has nothing else goes with it. */
function without(value: unknown, [part, ...rest]: Path): unknown {
  if (part === undefined || typeof value !== "object" || value === null) return undefined;
  const inner = rest.length === 0 ? undefined : without((value as Record<string | number, unknown>)[part], rest);
  if (Array.isArray(value)) {
    const items: readonly unknown[] = inner === undefined ? value.toSpliced(Number(part), 1) : value.with(Number(part), inner);
    return items.length === 0 ? undefined : items;
  }
  const { [part]: _removed, ...kept } = value as Record<string | number, unknown>;
  const result = inner === undefined ? kept : { ...kept, [part]: inner };
  return Object.keys(result).length === 0 ? undefined : result;
}
