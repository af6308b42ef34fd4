import { dirname } from "node:path/posix";
import type { HostKind } from "../engine/contracts.ts";
import { quote } from "../host/quote.ts";
import { compareAttributes } from "./file.ts";

export interface DirectoryResource {
  readonly kind: "directory";
  readonly path: string;
  /** Octal, four digits. */
  readonly mode: string;
}

export interface ObservedDirectory {
  readonly mode: string;
  readonly owner: string;
}

/** A directory resource. */
export function directory(path: string, mode = "0755"): DirectoryResource {
  return { kind: "directory", path, mode };
}

export const directoryKind: HostKind<DirectoryResource, ObservedDirectory | undefined> = {
  kind: "directory",
  id: (resource) => `directory:${resource.path}`,
  observe: ({ path }) => `if [ -d ${quote(path)} ]; then stat -c '%a %U:%G' ${quote(path)}; fi`,
  parse(_resource, { stdout }) {
    const [mode, owner] = stdout.toString("utf8").trim().split(" ");
    return mode && owner ? { mode: mode.padStart(4, "0"), owner } : undefined;
  },
  compare: (resource, observed) =>
    observed === undefined ? [{ what: "directory", to: resource.mode }] : compareAttributes(resource, observed),
  async change(items) {
    const lines = items.map(
      ({ resource: { path, mode } }) => `mkdir -p ${quote(path)} && chown root:root ${quote(path)} && chmod ${mode} ${quote(path)}`,
    );
    return { script: lines.join("\n") };
  },
  before: (observed) => observed ?? null,
  remove: (things) => ({
    last: things
      .flatMap(({ paths, before }) => paths.map((path) => ({ path, former: before as ObservedDirectory | null })))
      .map(({ path, former }) =>
        former === null
          ? `rmdir ${quote(path)} 2>/dev/null || true\nprune ${quote(dirname(path))}`
          : `! [ -d ${quote(path)} ] || { chown ${quote(former.owner)} ${quote(path)} && chmod ${quote(former.mode)} ${quote(path)}; }`,
      )
      .join("\n"),
  }),
};
