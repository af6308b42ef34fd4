import type { HostKind } from "../engine/contracts.ts";
import { quote } from "../host/quote.ts";

/** A kernel feature that is a module on most kernels, and built in on others. */
export interface KernelModuleResource {
  readonly kind: "kernel-module";
  readonly name: string;
}

/** Signs of features that leave no /sys/module entry when they are built in. */
const signs: Readonly<Record<string, string>> = {
  overlay: "grep -qw overlay /proc/filesystems",
  br_netfilter: "[ -e /proc/sys/net/bridge ]",
};

/** A kernel-module resource. */
export function kernelModule(name: string): KernelModuleResource {
  return { kind: "kernel-module", name };
}

function isThere(name: string): string {
  const loaded = `[ -d ${quote(`/sys/module/${name}`)} ]`;
  return signs[name] === undefined ? loaded : `${loaded} || ${signs[name]}`;
}

export const kernelModuleKind: HostKind<KernelModuleResource, boolean> = {
  kind: "kernel-module",
  id: (resource) => `kernel-module:${resource.name}`,
  observe: ({ name }) => `if ${isThere(name)}; then echo loaded; fi`,
  parse: (_resource, { stdout }) => stdout.toString("utf8").trim() === "loaded",
  compare: (_resource, isLoaded) => (isLoaded ? [] : [{ what: "module", to: "loaded" }]),
  change: async (items) => ({ script: items.map(({ resource: { name } }) => `modprobe ${quote(name)}`).join("\n") }),
  before: (isLoaded) => ({ loaded: isLoaded }),
  // one that somebody else has come to use meanwhile stays
  remove: (things) => ({
    last: things
      .filter(({ before }) => !(before as { readonly loaded: boolean } | null)?.loaded)
      .map(({ id }) => `modprobe -r ${quote(id.slice("kernel-module:".length))} 2>/dev/null || true`)
      .join("\n"),
  }),
};
