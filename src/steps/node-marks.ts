import type { Difference } from "../engine/contracts.ts";
import type { ClusterHost, Taint } from "../inventory/cluster.ts";
import { cordonAnnotation } from "../kubernetes/drain.ts";
import { registeredLabels } from "../kubernetes/kubelet.ts";
import type { LiveNode } from "../kubernetes/live.ts";

/** Annotation of a node: the labels and taints that kboot gave it. It is written in one request with them, so neither is there without the other. */
export const marksAnnotation = "kboot.dev/marks";

/** Keys of labels, and `key:effect` of taints. */
interface Marks {
  readonly labels: readonly string[];
  readonly taints: readonly string[];
}

/** What a node's marks need to become the inventory's, as a JSON merge patch. */
export interface MarksPatch {
  readonly metadata: {
    readonly labels: Readonly<Record<string, string | null>>;
    readonly annotations: Readonly<Record<string, string | null>>;
  };
  readonly spec?: { readonly taints?: readonly Taint[]; readonly unschedulable?: null };
}

/**
 * The patch that gives a node its labels and taints, takes those from it that kboot gave it earlier, and lifts the cordon of a reset that was
 * stopped; undefined when all is as wished. What others have set stays, also where the inventory asked for the same. Pure.
 */
export function patchMarks(host: ClusterHost, node: LiveNode): MarksPatch | undefined {
  const recorded = readMarks(node.annotations[marksAnnotation]);
  const labels = wishedLabels(host);
  // a worker's kubelet has registered with the labels and taints that kboot gave it
  const registered = registeredLabels(host);
  const own = (key: string) => recorded?.labels.includes(key) ?? key in registered;
  const marks: Marks = {
    labels: Object.keys(labels).filter((key) => own(key) || node.labels[key] !== labels[key]),
    taints: host.taints.filter((taint) => recorded?.taints.includes(taintId(taint)) ?? true).map(taintId),
  };
  const missing = host.taints.filter((taint) => !node.taints.some((found) => sameTaint(found, taint)));
  const added = missing.map(taintId).filter((id) => !marks.taints.includes(id));
  const record = JSON.stringify({ labels: marks.labels.toSorted(), taints: [...marks.taints, ...added].toSorted() } satisfies Marks);
  const dropped = (recorded?.taints ?? []).filter((id) => !host.taints.some((taint) => taintId(taint) === id));
  const replaced = new Set([...dropped, ...missing.map(taintId)]);
  const kept = node.taints.filter((found) => !replaced.has(taintId(found)));
  const changed = {
    ...Object.fromEntries(Object.entries(labels).filter(([key, value]) => node.labels[key] !== value)),
    ...Object.fromEntries((recorded?.labels ?? []).filter((key) => !(key in labels) && key in node.labels).map((key) => [key, null])),
  };
  const sameTaints = missing.length === 0 && kept.length === node.taints.length;
  const isCordoned = cordonAnnotation in node.annotations;
  if (Object.keys(changed).length === 0 && sameTaints && !isCordoned && node.annotations[marksAnnotation] === record) return undefined;
  const spec = { ...(sameTaints ? {} : { taints: [...kept, ...missing] }), ...(isCordoned ? { unschedulable: null } : {}) };
  return {
    metadata: { labels: changed, annotations: { [marksAnnotation]: record, ...(isCordoned ? { [cordonAnnotation]: null } : {}) } },
    ...(Object.keys(spec).length === 0 ? {} : { spec }),
  };
}

/** What `patchMarks` would change, for plans; unsure while there is no node. Pure. */
export function compareMarks(host: ClusterHost, node: LiveNode | undefined): readonly Difference[] {
  if (node === undefined) return [{ what: "labels and taints", to: "set once the node is there", unsure: true }];
  const patch = patchMarks(host, node);
  if (patch === undefined) return [];
  const labels = Object.entries(patch.metadata.labels).map(([key, value]) => ({
    what: `label ${key}`,
    from: node.labels[key],
    to: value === null ? undefined : JSON.stringify(value),
  }));
  const taints = patch.spec?.taints ?? node.taints;
  const lost = node.taints.filter((taint) => !taints.some((other) => sameTaint(other, taint)));
  const gained = taints.filter((taint) => !node.taints.some((other) => sameTaint(other, taint)));
  const differences = [
    ...(cordonAnnotation in node.annotations ? [{ what: "cordon", from: node.annotations[cordonAnnotation], to: "none" }] : []),
    ...labels,
    ...gained.map((taint) => ({ what: `taint ${taint.key}`, to: showTaint(taint) })),
    ...lost
      .filter((taint) => !gained.some((other) => taintId(other) === taintId(taint)))
      .map((taint) => ({ what: `taint ${taint.key}`, from: showTaint(taint) })),
  ];
  return differences.length > 0 ? differences : [{ what: `annotation ${marksAnnotation}`, to: "what kboot has set" }];
}

function showTaint({ value, effect }: Taint): string {
  return value === undefined || value === "" ? effect : `${value}:${effect}`;
}

/** Labels that a node shall have: the inventory's, and kubeadm's marks of a control plane. */
function wishedLabels(host: ClusterHost): Readonly<Record<string, string>> {
  const marks = { "node-role.kubernetes.io/control-plane": "", "node.kubernetes.io/exclude-from-external-load-balancers": "" };
  return { ...host.labels, ...(host.role === "control-plane" ? marks : {}) };
}

function taintId({ key, effect }: Taint): string {
  return `${key}:${effect}`;
}

function sameTaint(a: Taint, b: Taint): boolean {
  return taintId(a) === taintId(b) && (a.value ?? "") === (b.value ?? "");
}

/** Undefined where nothing is recorded, or nothing that can be read. */
function readMarks(text: string | undefined): Marks | undefined {
  try {
    const { labels, taints } = JSON.parse(text ?? "") as Partial<Marks>;
    return Array.isArray(labels) && Array.isArray(taints) ? { labels, taints } : undefined;
  } catch {
    return undefined;
  }
}
