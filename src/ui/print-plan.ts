import { createTwoFilesPatch } from "diff";
import type { Difference } from "../engine/contracts.ts";
import { clusterPlace } from "../engine/contracts.ts";
import type { Interruption, Plan } from "../engine/plan.ts";
import { type Colours, createColours } from "./colours.ts";
import { count } from "./count.ts";

export interface Planned {
  readonly plan: Plan;
  readonly interruptions: readonly Interruption[];
}

/**
 * A plan for reading: every change by host and step, content as a unified diff, what is interrupted, a summary at the end. Ends with
 * a newline.
 */
export function printPlan({ plan, interruptions }: Planned, colours: Colours = createColours(false)): string {
  const lines = plan.flatMap((pair) => [
    `${colours.bold(pair.host)}: ${pair.title} (${pair.step})${pair.decidedLater ? colours.dim("  decided again once the API answers") : ""}`,
    ...pair.changes.flatMap((change) => [
      `  ${change.id}`,
      ...change.differences.flatMap((difference) => printDifference(difference, colours)),
    ]),
    ...(pair.action === undefined ? [] : [`  ${pair.action}`]),
  ]);
  const parts = [lines, printInterruptions(interruptions, colours), [summarizePlan(plan), ""]];
  return parts
    .filter((part) => part.length > 0)
    .map((part) => part.join("\n"))
    .join("\n\n");
}

function printInterruptions(interruptions: readonly Interruption[], colours: Colours): readonly string[] {
  if (interruptions.length === 0) return [];
  const lines = interruptions.map(({ host, what, reason, effect }) => `  ${host}: ${what} restarts (${reason}): ${effect}`);
  return [colours.bold("to be interrupted:"), ...lines];
}

/** `no change`, or `12 changes on 3 hosts and in the cluster`. A step that only waits counts as one. */
export function summarizePlan(plan: Plan): string {
  if (plan.length === 0) return "no change";
  const changes = plan.reduce((sum, pair) => sum + Math.max(pair.changes.length, 1), 0);
  const places = new Set(plan.map((pair) => pair.host));
  const inCluster = places.delete(clusterPlace);
  const where = [...(places.size === 0 ? [] : [`on ${count(places.size, "host")}`]), ...(inCluster ? ["in the cluster"] : [])];
  return `${count(changes, "change")} ${where.join(" and ")}`;
}

function printDifference({ what, from, to }: Difference, colours: Colours): readonly string[] {
  const sign = from === undefined ? colours.green("+") : colours.yellow("~");
  if (![from, to].some((text) => text?.includes("\n"))) {
    if (from === undefined) return [`    ${sign} ${what}${to === undefined ? "" : `: ${to}`}`];
    return [`    ${sign} ${what}: ${from}${to === undefined ? "" : ` -> ${to}`}`];
  }
  const patch = createTwoFilesPatch("", "", from ?? "", to ?? "", undefined, undefined, { context: 3 })
    .trimEnd()
    .split("\n");
  // the first lines name two files; here there is one, and it is named above
  const hunks = patch.slice(patch.findIndex((line) => line.startsWith("@@")));
  return [`    ${sign} ${what}`, ...hunks.map((line) => `      ${colourLine(line, colours)}`)];
}

function colourLine(line: string, colours: Colours): string {
  if (line.startsWith("+")) return colours.green(line);
  if (line.startsWith("-")) return colours.red(line);
  return line.startsWith("@@") ? colours.dim(line) : line;
}
