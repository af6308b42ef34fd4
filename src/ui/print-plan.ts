import { createTwoFilesPatch } from "diff";
import pc from "picocolors";
import type { Difference } from "../engine/contracts.ts";
import type { Plan } from "../engine/plan.ts";

/** A plan for reading: every change by host and step, content as a unified diff, a summary at the end. */
export function printPlan(plan: Plan): string {
  if (plan.length === 0) return "no change\n";
  const lines = plan.flatMap((pair) => [
    `${pc.bold(pair.host)}: ${pair.title} (${pair.step})${pair.decidedLater ? pc.dim("  decided again once the API answers") : ""}`,
    ...pair.changes.flatMap((change) => [`  ${change.id}`, ...change.differences.flatMap(printDifference)]),
    ...(pair.action === undefined ? [] : [`  ${pair.action}`]),
  ]);
  const changes = plan.reduce((sum, pair) => sum + pair.changes.length + (pair.action === undefined ? 0 : 1), 0);
  const hosts = new Set(plan.map((pair) => pair.host)).size;
  return `${lines.join("\n")}\n\n${changes} changes on ${hosts} hosts\n`;
}

function printDifference({ what, from, to }: Difference): readonly string[] {
  const isText = [from, to].some((text) => text?.includes("\n"));
  if (!isText) {
    if (from === undefined) return [`    ${pc.green("+")} ${what}${to === undefined ? "" : `: ${to}`}`];
    return [`    ${pc.yellow("~")} ${what}: ${from} -> ${to ?? "(removed)"}`];
  }
  const [, , , , ...patch] = createTwoFilesPatch("", "", from ?? "", to ?? "", undefined, undefined, { context: 3 })
    .trimEnd()
    .split("\n");
  return [`    ${from === undefined ? pc.green("+") : pc.yellow("~")} ${what}`, ...patch.map((line) => `      ${colour(line)}`)];
}

function colour(line: string): string {
  if (line.startsWith("+")) return pc.green(line);
  if (line.startsWith("-")) return pc.red(line);
  return line.startsWith("@@") ? pc.dim(line) : line;
}
