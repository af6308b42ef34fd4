import { createEmit } from "../engine/events.ts";
import { type Reached, reachHosts } from "../engine/reach.ts";
import { scriptFailed } from "../errors/script-failed.ts";
import type { Host } from "../host/host.ts";
import { openHost } from "../host/open-host.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { printError } from "../ui/print-error.ts";
import { identify } from "./operate.ts";

/**
 * Connects to all control planes for reading, and ends the connections when `use` is through. One that is not reached is named on
 * stderr; when none is, throws why.
 */
export async function withControlPlanes<T>(
  cluster: Cluster,
  command: string,
  signal: AbortSignal,
  use: (reached: Reached) => Promise<T>,
): Promise<T> {
  const controlPlanes = cluster.hosts.filter((host) => host.role === "control-plane");
  const run = identify(command, "read");
  const reached = await reachHosts(controlPlanes, cluster, (host) => openHost(host, run, { signal }), createEmit([]), signal);
  try {
    const reasons = [...reached.unreachable.values()];
    if (reached.hosts.size === 0 && reasons[0] !== undefined) throw reasons[0];
    for (const reason of reasons) process.stderr.write(`${printError(reason)}\n`);
    return await use(reached);
  } finally {
    await Promise.all([...reached.hosts.values()].map((host) => host.close()));
  }
}

/** The output of a script on a host; throws when it fails. `label` is logged, the script is not. */
export async function readFrom(host: Host, label: string, body: string, signal: AbortSignal): Promise<string> {
  const result = await host.run({ label, body }, { signal });
  if (result.exitCode === 0) return result.stdout.toString("utf8");
  const failed = { label, exitCode: result.exitCode, stderr: result.stderr };
  throw scriptFailed(`cannot ${label}`, failed, {
    where: { host: host.name, address: host.address },
    hint: "has `kboot apply` made the cluster?",
  });
}
