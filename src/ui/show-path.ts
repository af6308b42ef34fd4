import { relative, resolve } from "node:path";

/** A path as a reader in the current folder would write it: relative within it, absolute outside. */
export function showPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? resolve(path) : short;
}
