/** When the parts of a bootstrap were done on all hosts: seconds since the start. */
export interface Milestones {
  /** Programs and images are on the hosts. */
  readonly installed: number;
  /** The first control plane serves a cluster that others may join. */
  readonly initialized: number;
  readonly joined: number;
  readonly ready: number;
  /** kube-proxy, the pod network and CoreDNS run too. */
  readonly finished: number;
}

export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly values: readonly number[];
}

/** Median, lowest and highest of some figures; undefined when there are none. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const [low] = sorted;
  const high = sorted.at(-1);
  const [left, right] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  if (low === undefined || high === undefined || left === undefined || right === undefined) return undefined;
  return { median: (left + right) / 2, low, high, values };
}

/** `24.1 (22.9 to 25.0)`, or a dash for nothing. */
export function formatSpread(spread: Spread | undefined, digits = 1): string {
  if (spread === undefined) return "-";
  const [median, low, high] = [spread.median, spread.low, spread.high].map((value) => value.toFixed(digits));
  return low === high ? `${median}` : `${median} (${low} to ${high})`;
}

/** A table in Markdown with columns of even width. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return `${[line(head), rule, ...rows.slice(1).map(line)].join("\n")}\n`;
}
