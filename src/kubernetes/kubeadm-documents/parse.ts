import { type Document, LineCounter, parseAllDocuments } from "yaml";
import { z } from "zod";
import { KbootError } from "../../errors.ts";
import { offsetOf } from "../../inventory/document.ts";
import { findingsOf } from "../../inventory/findings.ts";
import { type Finding, formatPath, formatProblem, type Problem } from "../../inventory/problem.ts";
import { suggest } from "../../suggest.ts";
import * as older from "./v1beta3.ts";
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

/** What a file holds. */
export interface ParsedDocuments extends KubeadmDocuments {
  /** The kinds that are written in an older version. */
  readonly deprecated: readonly Kind[];
}

type Kind = keyof KubeadmDocuments;

export const kubeadmVersion = "kubeadm.k8s.io/v1beta4";
const deprecatedVersion = "kubeadm.k8s.io/v1beta3";

/** The versions of each kind, the newest first; the fields of those of others are not judged here. */
const kinds: Readonly<Record<Kind, Readonly<Record<string, z.ZodType>>>> = {
  InitConfiguration: { [kubeadmVersion]: initConfiguration, [deprecatedVersion]: older.initConfiguration },
  ClusterConfiguration: { [kubeadmVersion]: clusterConfiguration, [deprecatedVersion]: older.clusterConfiguration },
  JoinConfiguration: { [kubeadmVersion]: joinConfiguration, [deprecatedVersion]: older.joinConfiguration },
  ResetConfiguration: { [kubeadmVersion]: resetConfiguration },
  UpgradeConfiguration: { [kubeadmVersion]: upgradeConfiguration },
  KubeletConfiguration: { "kubelet.config.k8s.io/v1beta1": z.looseObject({}) },
  KubeProxyConfiguration: { "kubeproxy.config.k8s.io/v1alpha1": z.looseObject({}) },
};

/**
 * Reads what `kubeadm --config` takes: YAML (or JSON) documents, each of a kind of its own. A field without a value (null, or an empty
 * text) is as if it were not there, as Go reads it. What is written in v1beta3 comes out as v1beta4 has it. Tokens and keys come out wrapped,
 * and are in no message.
 * Throws KbootError `kubeadm-config` with one line for every problem,
 * `kubeadm.yaml:12:5 ClusterConfiguration.networking.podSubnet: ...`; `file` is the name that stands in these.
 */
export function parseKubeadmDocuments(text: string, file: string): ParsedDocuments {
  const lineCounter = new LineCounter();
  const at = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset);
    return { line, column: col };
  };
  const problems: Problem[] = [];
  const found: Partial<Record<Kind, unknown>> = {};
  const deprecated: Kind[] = [];
  for (const document of readAll(text, lineCounter)) {
    const wrong = [...document.errors, ...document.warnings];
    problems.push(...wrong.map(({ pos, message }) => ({ ...at(pos[0]), field: "", message: `this is not YAML: ${lowerFirst(message)}` })));
    if (wrong.length > 0) continue;
    const values = document.toJS() as unknown;
    if (values === null) continue;
    const { kind, value, isDeprecated, findings } = judgeDocument(values, Object.keys(found));
    const prefix = kind ?? "";
    problems.push(
      ...findings.map(({ path, message, atKey }) => ({
        ...at(offsetOf(document, path, atKey === true)),
        field: formatPath([prefix, ...path].filter((part) => part !== "")),
        message,
      })),
    );
    if (kind !== undefined) found[kind] ??= value;
    if (kind !== undefined && isDeprecated === true) deprecated.push(kind);
  }
  if (problems.length === 0 && Object.keys(found).length === 0) {
    problems.push({ ...at(0), field: "", message: "the file is empty; write a document of a kind such as ClusterConfiguration" });
  }
  if (problems.length === 0) return { ...convert(found as KubeadmDocuments), deprecated };
  throw new KbootError("kubeadm-config", problems.map((problem) => formatProblem(file, problem)).join("\n"), {
    hint: "kubeadm's page of v1beta4 describes every field; kboot config print init-defaults shows the usual ones",
  });
}

/** Moves what stands in another kind since v1beta4. */
function convert<D extends Pick<KubeadmDocuments, "InitConfiguration" | "ClusterConfiguration">>(documents: D): D {
  const apiServer = (documents.ClusterConfiguration?.apiServer ?? {}) as { readonly timeoutForControlPlane?: string };
  if (apiServer.timeoutForControlPlane === undefined) return documents;
  const { timeoutForControlPlane, ...rest } = apiServer;
  const { InitConfiguration: init } = documents;
  const timeouts = { controlPlaneComponentHealthCheck: timeoutForControlPlane, ...init?.timeouts };
  return {
    ...documents,
    InitConfiguration: { ...init, timeouts },
    ClusterConfiguration: { ...documents.ClusterConfiguration, apiServer: rest },
  };
}

function readAll(text: string, lineCounter: LineCounter): readonly Document.Parsed[] {
  const documents = parseAllDocuments(text, { lineCounter, prettyErrors: false, merge: true });
  return Array.isArray(documents) ? documents : [];
}

interface Judged {
  readonly kind?: Kind;
  readonly value?: unknown;
  readonly isDeprecated?: boolean;
  readonly findings: readonly Finding[];
}

function judgeDocument(values: unknown, seen: readonly string[]): Judged {
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    return { findings: [{ path: [], message: "must be a map that begins with apiVersion and kind" }] };
  }
  const { apiVersion, kind, ...rest } = values as Readonly<Record<string, unknown>>;
  if (typeof kind !== "string") return { findings: [{ path: ["kind"], message: `is missing; write one of ${known}` }] };
  if (!isKind(kind)) return { findings: [{ path: ["kind"], message: `${kind} is not known; ${suggest(kind, Object.keys(kinds))}` }] };
  if (seen.includes(kind)) return { kind, findings: [{ path: ["kind"], message: "is there twice; keep one document of a kind" }] };
  const [newest = ""] = Object.keys(kinds[kind]);
  const schema = typeof apiVersion === "string" && Object.hasOwn(kinds[kind], apiVersion) ? kinds[kind][apiVersion] : undefined;
  if (schema === undefined) {
    return { kind, findings: [{ path: ["apiVersion"], message: `must be ${newest}, not ${JSON.stringify(apiVersion) ?? "missing"}` }] };
  }
  const parsed = schema.safeParse(isOfOthers(kind) ? rest : withoutEmpty(rest), { reportInput: true });
  const findings = parsed.error?.issues.flatMap(findingsOf) ?? [];
  return { kind, value: parsed.data, isDeprecated: apiVersion !== newest, findings };
}

function isOfOthers(kind: Kind): boolean {
  return kind === "KubeletConfiguration" || kind === "KubeProxyConfiguration";
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
