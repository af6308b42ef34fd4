import type { Difference } from "../engine/contracts.ts";
import { quote } from "../host/quote.ts";
import { Secret } from "../secret.ts";
import { compareAttributes } from "./file.ts";
import type { WishedFile } from "./write-files.ts";

/** A file that may hold a key. */
export interface ObservedSecretFile {
  readonly mode: string;
  readonly owner: string;
  readonly content: Secret;
}

/** Prints size, mode, owner and content of each file, or a dash where there is none. Links are followed. */
export function observeFiles(paths: readonly string[]): string {
  return paths
    .map((path) => {
      const quoted = quote(path);
      return `if [ -f ${quoted} ]; then stat -L -c '%s %a %U:%G' ${quoted} && cat ${quoted}; else echo -; fi`;
    })
    .join("\n");
}

/** Reads what `observeFiles` printed, in the order of its paths. */
export function parseFiles(stdout: Buffer): readonly (ObservedSecretFile | undefined)[] {
  const files: (ObservedSecretFile | undefined)[] = [];
  for (let at = 0; at < stdout.length; ) {
    const newline = stdout.indexOf("\n", at);
    const line = stdout.toString("utf8", at, newline < 0 ? stdout.length : newline);
    const [, size, mode, owner] = /^(\d+) ([0-7]+) (\S+)$/.exec(line) ?? [];
    const begin = newline < 0 ? stdout.length : newline + 1;
    const end = begin + Number(size ?? 0);
    const content = new Secret(stdout.toString("utf8", begin, end));
    files.push(mode === undefined || owner === undefined ? undefined : { mode: mode.padStart(4, "0"), owner, content });
    at = end;
  }
  return files;
}

/** Differences of mode and owner of files that are there, named by their path. */
export function compareModes(wished: readonly WishedFile[], observed: readonly (ObservedSecretFile | undefined)[]): Difference[] {
  return wished.flatMap((file, index) => {
    const found = observed[index];
    if (found === undefined) return [];
    return compareAttributes(file, found).map((difference) => ({ ...difference, what: `${difference.what} of ${file.path}` }));
  });
}

/** What the host's state file keeps of a file that was there before. */
export function attributesOf(file: ObservedSecretFile | undefined): { readonly mode: string; readonly owner: string } | null {
  return file === undefined ? null : { mode: file.mode, owner: file.owner };
}
