import type { ClusterHost } from "../inventory/cluster.ts";
import type { Host, RunIdentity } from "./host.ts";
import type { OpenOptions } from "./shell-host.ts";

/** Reaches a host in the way that the inventory says. Throws KbootError `unreachable`, `host-key`, `cancelled`. */
export async function openHost(host: ClusterHost, run: RunIdentity, options: OpenOptions = {}): Promise<Host> {
  if (host.transport === "local") {
    const { openLocalHost } = await import("./local/local-host.ts");
    return openLocalHost(host.name, run, options);
  }
  const { openSshHost } = await import("./ssh/ssh-host.ts");
  return openSshHost(host, run, options);
}
