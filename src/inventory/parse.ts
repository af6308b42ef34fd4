import { resolve } from "node:path";
import type { z } from "zod";
import type { Cluster } from "./cluster.ts";
import { parseText } from "./document.ts";
import type { Finding, Problem } from "./problem.ts";
import { resolveCluster } from "./resolve.ts";
import { type Draft, judgeDraft } from "./rules.ts";
import { beginning, hostSchema, inventorySchema, specShape } from "./schema.ts";

export type ParsedInventory =
  | { readonly cluster: Cluster; readonly problems?: never }
  | { readonly problems: readonly Problem[]; readonly cluster?: never };

/**
 * The cluster that the text describes, or every problem of the text in its order. `file` is what relative paths
 * begin at; `home` is what `~` stands for.
 */
export function parseInventory(text: string, { file, home }: { readonly file: string; readonly home: string }): ParsedInventory {
  const document = parseText(text);
  if (document.values === undefined) return { problems: inOrder(document.problems) };
  if (document.values === null) return { problems: [document.locate({ path: [], message: `the file is empty; ${beginning}` })] };
  const parsed = inventorySchema.safeParse(document.values, { reportInput: true });
  const findings = [...(parsed.error?.issues.flatMap(findingsOf) ?? []), ...judgeDraft(draftOf(document.values))];
  const problems = [...document.problems, ...findings.map(document.locate)];
  if (parsed.data === undefined || problems.length > 0) return { problems: inOrder(problems) };
  return { cluster: resolveCluster(parsed.data, { file: resolve(file), home }) };
}

function findingsOf(issue: z.core.$ZodIssue): readonly Finding[] {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  if (issue.code === "unrecognized_keys") {
    const lines = issue.message.split("\n");
    return issue.keys.map((key, index) => ({ path: [...path, key], message: lines[index] ?? issue.message, atKey: true }));
  }
  if (issue.code === "invalid_key") return issue.issues.map(({ message }) => ({ path, message, atKey: true }));
  return [{ path, message: issue.message }];
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

/** Parts are judged each by itself, so that a mistake in one hides none between the others. */
function draftOf(values: unknown): Draft {
  const spec = entriesOf(entriesOf(values)["spec"]);
  const { hosts: _, ...shape } = specShape;
  const parts = Object.entries(shape).map(([key, schema]) => ({ key, result: schema.safeParse(spec[key]) }));
  const listed: readonly unknown[] = Array.isArray(spec["hosts"]) ? spec["hosts"] : [];
  const hosts = listed.map((host, index) => ({ index, result: hostSchema.safeParse(host) }));
  return {
    spec: Object.fromEntries(
      parts.flatMap(({ key, result }) => (result.success && result.data !== undefined ? [[key, result.data]] : [])),
    ) as Draft["spec"],
    hosts: hosts.flatMap(({ index, result }) => (result.success ? [{ index, host: result.data }] : [])),
    wrong: new Set([
      ...parts.flatMap(({ key, result }) => (result.success ? [] : [key])),
      ...(hosts.length > 0 && hosts.every(({ result }) => result.success) ? [] : ["hosts"]),
    ]),
  };
}

function entriesOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
