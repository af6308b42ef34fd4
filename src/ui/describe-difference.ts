import { diffLines } from "diff";
import type { Difference } from "../engine/contracts.ts";

/** Longer values are cut, so that a difference stays a line. */
const widest = 80;

/** A difference in one line: what there is -> what is wished; of texts, how many lines an apply adds and removes. */
export function describeDifference({ what, from, to }: Difference): string {
  if ([from, to].some((text) => text?.includes("\n"))) {
    return from === undefined ? `${what} absent` : `${what} ${countLines(from, to ?? "")}`;
  }
  if (to === undefined) return from === undefined ? what : `${what} ${shorten(from)}`;
  return `${what} ${shorten(from ?? "absent")} -> ${shorten(to)}`;
}

function countLines(from: string, to: string): string {
  const parts = diffLines(from, to);
  const sum = (isCounted: (part: (typeof parts)[number]) => boolean) =>
    parts.filter(isCounted).reduce((total, { count }) => total + (count ?? 0), 0);
  return `+${sum(({ added }) => added)} -${sum(({ removed }) => removed)} lines`;
}

function shorten(text: string): string {
  return text.length <= widest ? text : `${text.slice(0, widest - 3)}...`;
}
