import { resolve } from "node:path";
import type { Cluster } from "./cluster.ts";
import { parseText } from "./document.ts";
import { draftOf } from "./draft.ts";
import { findingsOf } from "./findings.ts";
import { unknownChecks } from "./ignored-checks.ts";
import type { Finding, Problem } from "./problem.ts";
import { resolveCluster } from "./resolve.ts";
import { judgeDraft } from "./rules.ts";
import { beginning, inventorySchema } from "./schema.ts";

export type ParsedInventory =
  | {
      readonly cluster: Cluster;
      readonly problems?: never /** Finds the place of what turns out wrong later. */;
      locate(finding: Finding): Problem;
    }
  | { readonly problems: readonly Problem[]; readonly cluster?: never };

/**
 * The cluster that the text describes, or every problem of the text in its order. `file` is what relative paths
 * begin at; `home` is what `~` stands for; `checks` are the names that `ignoreChecks` may hold, any when it is missing.
 */
export function parseInventory(
  text: string,
  { file, home, checks }: { readonly file: string; readonly home: string; readonly checks?: readonly string[] | undefined },
): ParsedInventory {
  const document = parseText(text);
  if (document.values === undefined) return { problems: inOrder(document.problems) };
  if (document.values === null) return { problems: [document.locate({ path: [], message: `the file is empty; ${beginning}` })] };
  const parsed = inventorySchema.safeParse(document.values, { reportInput: true });
  const draft = draftOf(document.values);
  const findings = [
    ...(parsed.error?.issues.flatMap(findingsOf) ?? []),
    ...judgeDraft(draft),
    ...(checks === undefined ? [] : unknownChecks(draft, checks)),
  ];
  const problems = [...document.problems, ...findings.map(document.locate)];
  if (parsed.data === undefined || problems.length > 0) return { problems: inOrder(problems) };
  return { cluster: resolveCluster(parsed.data, { file: resolve(file), home }), locate: document.locate };
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}
