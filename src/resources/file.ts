import { parse } from "yaml";
import { type Difference, type HostKind, isAttribute } from "../engine/contracts.ts";
import { quote } from "../host/quote.ts";
import { Secret } from "../secret.ts";
import { type Content, resolveContent } from "./content.ts";
import { partition } from "./partition.ts";
import { sameMeaning } from "./same-meaning.ts";
import { writeFiles } from "./write-files.ts";

export interface FileResource {
  readonly kind: "file";
  readonly path: string;
  readonly content: Content;
  /** Octal, four digits: `0644`. */
  readonly mode: string;
  /** `yaml`: compared by meaning. */
  readonly format?: "yaml";
  /** Made once, then left to the operator or another program. */
  readonly keep?: boolean;
}

export interface ObservedFile {
  readonly mode: string;
  readonly owner: string;
  readonly content: string;
}

/** A file resource. */
export function file(path: string, content: Content, options: { mode?: string; format?: "yaml"; keep?: boolean } = {}): FileResource {
  const { mode = "0644", ...rest } = options;
  return { kind: "file", path, content, mode, ...rest };
}

/** Prints mode, owner and content of a file, or nothing when there is none. */
export function observeFile(path: string): string {
  const quoted = quote(path);
  return `if [ -f ${quoted} ]; then stat -c '%a %U:%G' ${quoted} && cat ${quoted}; fi`;
}

/** Reads what `observeFile` printed. */
export function parseFile(stdout: Buffer): ObservedFile | undefined {
  const text = stdout.toString("utf8");
  const [, mode, owner] = /^([0-7]+) (\S+)\n/.exec(text) ?? [];
  if (mode === undefined || owner === undefined) return undefined;
  return { mode: mode.padStart(4, "0"), owner, content: text.slice(text.indexOf("\n") + 1) };
}

/** Differences of mode and owner. Files of kboot belong to root. */
export function compareAttributes(wished: { readonly mode: string }, observed: { mode: string; owner: string }): Difference[] {
  const differences: Difference[] = [];
  if (observed.mode !== wished.mode) differences.push({ what: "mode", from: observed.mode, to: wished.mode });
  if (observed.owner !== "root:root") differences.push({ what: "owner", from: observed.owner, to: "root:root" });
  return differences;
}

/** True for a mode that does not let others read. */
function isClosed(mode: string): boolean {
  return (Number.parseInt(mode, 8) & 0o004) === 0;
}

function sameText(resource: FileResource, wished: string, found: string): boolean {
  if (wished === found) return true;
  if (resource.format !== "yaml") return false;
  try {
    return sameMeaning(parse(found), parse(wished));
  } catch {
    return false;
  }
}

export const fileKind: HostKind<FileResource, ObservedFile | undefined> = {
  kind: "file",
  id: (resource) => `file:${resource.path}`,
  observe: (resource) => observeFile(resource.path),
  parse: (_resource, output) => parseFile(output.stdout),
  compare(resource, observed, { vault }) {
    const wished = resolveContent(resource.content, vault);
    const isSecret = wished instanceof Secret;
    // who wishes a file open may have kept a secret in it before
    const wasClosed = observed !== undefined && isClosed(observed.mode) && !isClosed(resource.mode);
    const shown = wished === undefined ? "(known at apply)" : String(wished);
    if (observed === undefined) return [{ what: "file", to: shown }];
    if (resource.keep) return [];
    const differences = compareAttributes(resource, observed);
    if (wished === undefined) differences.push({ what: "content", to: shown });
    else if (!sameText(resource, isSecret ? wished.reveal() : wished, observed.content)) {
      differences.push({ what: "content", from: isSecret || wasClosed ? "[secret]" : observed.content, to: shown });
    }
    return differences;
  },
  change(items, { vault }) {
    const [unchanged, written] = partition(items, ({ differences }) => differences.every(isAttribute));
    return writeFiles(
      written.map(({ resource }) => {
        const content = resolveContent(resource.content, vault);
        if (content === undefined) throw new Error(`the content of ${resource.path} is not known yet`);
        return { path: resource.path, mode: resource.mode, content };
      }),
      unchanged.map(({ resource }) => resource),
    );
  },
  before: (observed) => (observed === undefined ? null : { mode: observed.mode, owner: observed.owner }),
};
