import type { HostKind } from "../engine/contracts.ts";
import { quote } from "../host/quote.ts";

/** A file that shall not be there, such as one of kboot's that has lost its purpose. */
export interface AbsentResource {
  readonly kind: "absent";
  readonly path: string;
}

/** An absent resource. */
export function absent(path: string): AbsentResource {
  return { kind: "absent", path };
}

export const absentKind: HostKind<AbsentResource, boolean> = {
  kind: "absent",
  id: (resource) => `absent:${resource.path}`,
  observe: ({ path }) => `if [ -e ${quote(path)} ] || [ -L ${quote(path)} ]; then echo there; fi`,
  parse: (_resource, { stdout }) => stdout.toString("utf8").trim() === "there",
  compare: (_resource, isThere) => (isThere ? [{ what: "file", from: "there", to: "absent" }] : []),
  change: async (items) => ({ script: items.map(({ resource }) => `rm -f ${quote(resource.path)}`).join("\n") }),
};
