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

/**
 * Puts one line, or none, in place of an older one that ends alike. The file is replaced in one move; in a container, where it may be a
 * mount, written.
 */
function setLine(ending: string, address: string | undefined): string {
  const line = address === undefined ? "" : `printf '%s\\n' ${quote(`${address} ${ending}`)};`;
  return [
    "[ -e /etc/hosts ] || : > /etc/hosts",
    "cp -p /etc/hosts /etc/.hosts.kboot",
    // grep says 1 for "no line", and more for an error
    `{ grep -v -F ${quote(` ${ending}`)} /etc/hosts || [ $? = 1 ]; ${line} } > /etc/.hosts.kboot`,
    "mv -f /etc/.hosts.kboot /etc/hosts 2>/dev/null || { cat /etc/.hosts.kboot > /etc/hosts; rm -f /etc/.hosts.kboot; }",
  ].join("\n");
}

const mark = "# kept by kboot";

export const hostsEntryKind: HostKind<HostsEntryResource, string | undefined> = {
  kind: "hosts-entry",
  id: (resource) => `hosts-entry:${resource.name}`,
  observe: ({ name }) => `grep -F ${quote(` ${name} ${mark}`)} /etc/hosts 2>/dev/null || true`,
  parse: (_resource, { stdout }) => stdout.toString("utf8").split(" ")[0]?.trim() || undefined,
  compare: ({ address }, observed) => (observed === address ? [] : [{ what: "address", from: observed, to: address }]),
  change: async (items) => ({
    script: items.map(({ resource: { name, address } }) => setLine(`${name} ${mark}`, address)).join("\n"),
  }),
  before: (observed) => observed ?? null,
  remove: (things) => ({
    first: things
      .map(({ id }) => `${id.slice("hosts-entry:".length)} ${mark}`)
      .map((ending) => `if grep -qF ${quote(` ${ending}`)} /etc/hosts; then\n${setLine(ending, undefined)}\nfi`)
      .join("\n"),
  }),
};
