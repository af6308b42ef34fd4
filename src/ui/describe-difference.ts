import { diffLines } from "diff";
import type { Difference } from "../engine/contracts.ts";

/** Longer values are cut, so that a difference stays a line. */
const widest = 80;

/** How much of what two long values share is shown before they part. */
const lead = 20;

/** A difference in one line: what there is -> what is wished; of texts, how many lines an apply adds and removes. */
export function describeDifference({ what, from, to }: Difference): string {
  if ([from, to].some((text) => text?.includes("\n"))) {
    return from === undefined ? `${what} absent` : `${what} ${countLines(from, to ?? "")}`;
  }
  if (to === undefined) return from === undefined ? what : `${what} ${shorten(from)}`;
  const begin = from === undefined ? 0 : startOf(from, to);
  return `${what} ${shorten(from ?? "absent", begin)} -> ${shorten(to, begin)}`;
}

function countLines(from: string, to: string): string {
  const parts = diffLines(from, to);
  const sum = (isCounted: (part: (typeof parts)[number]) => boolean) =>
    parts.filter(isCounted).reduce((total, { count }) => total + (count ?? 0), 0);
  return `+${sum(({ added }) => added)} -${sum(({ removed }) => removed)} lines`;
}

/** Where to begin with two texts, of which one is cut, so that what differs is seen. */
function startOf(from: string, to: string): number {
  if (Math.max(from.length, to.length) <= widest) return 0;
  let same = 0;
  while (same < Math.min(from.length, to.length) && from[same] === to[same]) same++;
  return same + lead < widest ? 0 : same - lead;
}

function shorten(text: string, begin = 0): string {
  const rest = begin === 0 ? text : `...${text.slice(begin)}`;
  return rest.length <= widest ? rest : `${rest.slice(0, widest - 3)}...`;
}
