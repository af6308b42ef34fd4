import { type Document, LineCounter, parseAllDocuments } from "yaml";
import type { z } from "zod";
import { KbootError } from "../../errors.ts";
import { offsetOf } from "../../inventory/document.ts";
import { findingsOf } from "../../inventory/findings.ts";
import { type Finding, formatPath, formatProblem, type Problem } from "../../inventory/problem.ts";
import { suggest } from "../../suggest.ts";
import {
  type ClusterConfiguration,
  clusterConfiguration,
  type InitConfiguration,
  initConfiguration,
  type JoinConfiguration,
  joinConfiguration,
  type ResetConfiguration,
  resetConfiguration,
  type UpgradeConfiguration,
  upgradeConfiguration,
} from "./v1beta4.ts";

/** The documents of a kubeadm configuration by their kind, as they were written: no defaults are filled in. */
export interface KubeadmDocuments {
  readonly InitConfiguration?: InitConfiguration;
  readonly ClusterConfiguration?: ClusterConfiguration;
  readonly JoinConfiguration?: JoinConfiguration;
  readonly ResetConfiguration?: ResetConfiguration;
  readonly UpgradeConfiguration?: UpgradeConfiguration;
  /** Of the kubelet (`kubelet.config.k8s.io/v1beta1`); whoever reads it judges its fields. */
  readonly KubeletConfiguration?: Readonly<Record<string, unknown>>;
  /** Of kube-proxy (`kubeproxy.config.k8s.io/v1alpha1`); likewise. */
  readonly KubeProxyConfiguration?: Readonly<Record<string, unknown>>;
}

type Kind = keyof KubeadmDocuments;

const kubeadm = "kubeadm.k8s.io/v1beta4";

/** The known kinds: the apiVersion of each, and its schema if we judge its fields. */
const kinds: Readonly<Record<Kind, { readonly apiVersion: string; readonly schema?: z.ZodType }>> = {
  InitConfiguration: { apiVersion: kubeadm, schema: initConfiguration },
  ClusterConfiguration: { apiVersion: kubeadm, schema: clusterConfiguration },
  JoinConfiguration: { apiVersion: kubeadm, schema: joinConfiguration },
  ResetConfiguration: { apiVersion: kubeadm, schema: resetConfiguration },
  UpgradeConfiguration: { apiVersion: kubeadm, schema: upgradeConfiguration },
  KubeletConfiguration: { apiVersion: "kubelet.config.k8s.io/v1beta1" },
  KubeProxyConfiguration: { apiVersion: "kubeproxy.config.k8s.io/v1alpha1" },
};

/**
 * Reads what `kubeadm --config` takes: YAML (or JSON) documents, each of a kind of its own. A field without a value (null, or an empty
 * text) is as if it were not there, as Go reads it. Tokens and keys come out wrapped, and are in no message.
 * Throws KbootError `kubeadm-config` with one line for every problem,
 * `kubeadm.yaml:12:5 ClusterConfiguration.networking.podSubnet: ...`; `file` is the name that stands in these.
 */
export function parseKubeadmDocuments(text: string, file: string): KubeadmDocuments {
  const lineCounter = new LineCounter();
  const at = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset);
    return { line, column: col };
  };
  const problems: Problem[] = [];
  const found: Partial<Record<Kind, unknown>> = {};
  for (const document of readAll(text, lineCounter)) {
    const wrong = [...document.errors, ...document.warnings];
    problems.push(...wrong.map(({ pos, message }) => ({ ...at(pos[0]), field: "", message: `this is not YAML: ${lowerFirst(message)}` })));
    if (wrong.length > 0) continue;
    const values = document.toJS() as unknown;
    if (values === null) continue;
    const { kind, value, findings } = judgeDocument(values, Object.keys(found));
    const prefix = kind ?? "";
    problems.push(
      ...findings.map(({ path, message, atKey }) => ({
        ...at(offsetOf(document, path, atKey === true)),
        field: formatPath([prefix, ...path].filter((part) => part !== "")),
        message,
      })),
    );
    if (kind !== undefined) found[kind] ??= value;
  }
  if (problems.length === 0 && Object.keys(found).length === 0) {
    problems.push({ ...at(0), field: "", message: "the file is empty; write a document of a kind such as ClusterConfiguration" });
  }
  if (problems.length === 0) return found as KubeadmDocuments;
  throw new KbootError("kubeadm-config", problems.map((problem) => formatProblem(file, problem)).join("\n"), { where: { file } });
}

function readAll(text: string, lineCounter: LineCounter): readonly Document.Parsed[] {
  const documents = parseAllDocuments(text, { lineCounter, prettyErrors: false, merge: true });
  return Array.isArray(documents) ? documents : [];
}

interface Judged {
  readonly kind?: Kind;
  readonly value?: unknown;
  readonly findings: readonly Finding[];
}

function judgeDocument(values: unknown, seen: readonly string[]): Judged {
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    return { findings: [{ path: [], message: "must be a map that begins with apiVersion and kind" }] };
  }
  const { apiVersion, kind, ...rest } = values as Readonly<Record<string, unknown>>;
  if (typeof kind !== "string") return { findings: [{ path: ["kind"], message: `is missing; write one of ${known}` }] };
  if (!isKind(kind)) return { findings: [{ path: ["kind"], message: `${kind} is not known; ${suggest(kind, Object.keys(kinds))}` }] };
  const { apiVersion: wanted, schema } = kinds[kind];
  if (apiVersion !== wanted) {
    return { kind, findings: [{ path: ["apiVersion"], message: `must be ${wanted}, not ${JSON.stringify(apiVersion) ?? "missing"}` }] };
  }
  if (seen.includes(kind)) return { kind, findings: [{ path: ["kind"], message: "is there twice; keep one document of a kind" }] };
  if (schema === undefined) return { kind, value: rest, findings: [] };
  const parsed = schema.safeParse(withoutEmpty(rest), { reportInput: true });
  return { kind, value: parsed.data, findings: parsed.error?.issues.flatMap(findingsOf) ?? [] };
}

const known = Object.keys(kinds).join(", ");

function isKind(text: string): text is Kind {
  return Object.hasOwn(kinds, text);
}

/** Without fields that have no value, at any depth. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (inner === null || inner === "" ? [] : [[key, withoutEmpty(inner)]])),
  );
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
