/**
 * The known word that a misspelt one is likely to mean: the nearest by letters inserted, removed, replaced or swapped with their neighbour,
 * at most two of these, and fewer in short words. Case does not count. Undefined when none is near.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  return known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.min(2, candidate.length / 2))
    .toSorted((a, b) => a.distance - b.distance)[0]?.candidate;
}

/** `did you mean kubelet`, or, when nothing is near, `those here are a, b`. Ends a sentence or is a hint. */
export function suggest(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === undefined ? `those here are ${known.join(", ")}` : `did you mean ${near}`;
}

/** The known words that are nearest by the same measure, however far, the nearest first; those that hold the word or are held by it before all others. */
export function closest(word: string, known: readonly string[], count: number): readonly string[] {
  const text = word.toLowerCase();
  const isPart = (candidate: string) => text !== "" && (candidate.includes(text) || text.includes(candidate));
  return known
    .map((name) => ({ name, far: isPart(name.toLowerCase()) ? 0 : editDistance(text, name.toLowerCase()) }))
    .toSorted((a, b) => a.far - b.far)
    .slice(0, count)
    .map(({ name }) => name);
}

/** Damerau and Levenshtein's distance, where no part is changed twice (optimal string alignment). */
function editDistance(from: string, to: string): number {
  let [before, row]: [number[], number[]] = [[], Array.from({ length: to.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1];
      const isSwapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const ways = [at(row, j - 1) + (isSame ? 0 : 1), at(row, j) + 1, at(next, j - 1) + 1, ...(isSwapped ? [at(before, j - 2) + 1] : [])];
      next.push(Math.min(...ways));
    }
    [before, row] = [row, next];
  }
  return at(row, to.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? 0;
}
