import type { HostKind } from "../engine/contracts.ts";
import { quote } from "../host/quote.ts";

/** One name that kboot keeps in /etc/hosts, on a line of its own that carries its mark. */
export interface HostsEntryResource {
  readonly kind: "hosts-entry";
  readonly name: string;
  readonly address: string;
}

/** A hosts-entry resource. */
export function hostsEntry(name: string, address: string): HostsEntryResource {
  return { kind: "hosts-entry", name, address };
}

const mark = "# kept by kboot";

export const hostsEntryKind: HostKind<HostsEntryResource, string | undefined> = {
  kind: "hosts-entry",
  id: (resource) => `hosts-entry:${resource.name}`,
  observe: ({ name }) => `grep -F ${quote(` ${name} ${mark}`)} /etc/hosts 2>/dev/null || true`,
  parse: (_resource, { stdout }) => stdout.toString("utf8").split(" ")[0]?.trim() || undefined,
  compare: ({ address }, observed) => (observed === address ? [] : [{ what: "address", from: observed, to: address }]),
  // written in place, not renamed: in a container /etc/hosts may be a mount
  change: async (items) => ({
    script: items
      .map(({ resource: { name, address } }) =>
        [
          `others=$(grep -v -F ${quote(` ${name} ${mark}`)} /etc/hosts || true)`,
          `printf '%s\\n%s\\n' "$others" ${quote(`${address} ${name} ${mark}`)} > /etc/hosts`,
        ].join("\n"),
      )
      .join("\n"),
  }),
  before: (observed) => observed ?? null,
};
