import type { HostKind } from "../engine/contracts.ts";
import { quote } from "../host/quote.ts";

/** A kernel setting as it is now; a file under /etc/sysctl.d keeps it over a reboot. */
export interface SysctlResource {
  readonly kind: "sysctl";
  /** `net.ipv4.ip_forward` */
  readonly key: string;
  readonly value: string;
}

/** A sysctl resource. */
export function sysctl(key: string, value: string): SysctlResource {
  return { kind: "sysctl", key, value };
}

function procPath(key: string): string {
  return `/proc/sys/${key.replaceAll(".", "/")}`;
}

export const sysctlKind: HostKind<SysctlResource, string | undefined> = {
  kind: "sysctl",
  id: (resource) => `sysctl:${resource.key}`,
  observe: ({ key }) => `cat ${quote(procPath(key))} 2>/dev/null || true`,
  parse: (_resource, { stdout }) => stdout.toString("utf8").trim().replaceAll("\t", " ") || undefined,
  compare: ({ value }, observed) => (observed === value ? [] : [{ what: "value", from: observed, to: value }]),
  change: async (items) => ({
    script: items.map(({ resource: { key, value } }) => `printf '%s\\n' ${quote(value)} > ${quote(procPath(key))}`).join("\n"),
  }),
  before: (observed) => observed ?? null,
  // a key that was not there came with its module
  remove: (things) => ({
    first: things
      .filter(({ before }) => typeof before === "string")
      .map(({ id, before }) => ({ path: quote(procPath(id.slice("sysctl:".length))), value: quote(String(before)) }))
      .map(({ path, value }) => `! [ -e ${path} ] || printf '%s\\n' ${value} > ${path}`)
      .join("\n"),
  }),
};
