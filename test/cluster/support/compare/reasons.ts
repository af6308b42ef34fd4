import type { Difference } from "./differences.ts";

/** A row of a table of docs/kubeadm.md: differences that are meant. In each pattern `*` stands for any text. */
export interface Reason {
  readonly places: readonly string[];
  /** What stands there; undefined for anything. */
  readonly kubeadm: string | undefined;
  readonly kboot: string | undefined;
  readonly reason: string;
}

/** The rows of the table below a heading of a page in Markdown. Throws where there is none, and for a row without place or reason. */
export function readReasons(page: string, heading: string): readonly Reason[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`));
  const [, , ...rows] = (section ?? "").split("\n").filter((line) => line.startsWith("|"));
  if (rows.length === 0) throw new Error(`there is no table below "${heading}"`);
  return rows.map((row) => {
    const [place = "", kubeadm = "", kboot = "", reason = ""] = row.split("|").slice(1, -1);
    const places = codes(place);
    if (places.length === 0 || reason.trim() === "") throw new Error(`this row has no place or no reason: ${row}`);
    return { places, kubeadm: codes(kubeadm)[0], kboot: codes(kboot)[0], reason: reason.trim() };
  });
}

/** Differences that no row has a reason for, and rows, by place, that explain nothing. */
export function judge(differences: readonly Difference[], reasons: readonly Reason[]) {
  const rows = reasons.flatMap(({ places, ...row }) => places.map((place) => ({ ...row, place })));
  const explains = (row: (typeof rows)[number], difference: Difference) =>
    (["place", "kubeadm", "kboot"] as const).every((part) => row[part] === undefined || matches(row[part], difference[part]));
  return {
    unexplained: differences
      .filter((difference) => !rows.some((row) => explains(row, difference)))
      .map(({ place, kubeadm, kboot }) => `${place}: ${kubeadm} | ${kboot}`),
    idle: rows.filter((row) => !differences.some((difference) => explains(row, difference))).map(({ place }) => place),
  };
}

function codes(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
}

function matches(pattern: string, text: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join("[\\s\\S]*")}$`).test(text);
}
