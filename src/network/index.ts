import pMap from "p-map";
import type { Host } from "../host/host.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { flannel, flannelDaemonSet } from "./flannel/flannel.ts";
import type { NetworkHealth, NetworkPlugin } from "./plugin.ts";
import { weaveDaemonSet, weaveNet } from "./weave-net/weave-net.ts";

/** The pod network the inventory asks for, or undefined when the user brings their own. */
export function networkPlugin({ network }: Pick<Cluster, "network">): NetworkPlugin | undefined {
  switch (network.plugin) {
    case "flannel":
      return flannel(network);
    case "weave-net":
      return weaveNet(network);
    case "none":
      return undefined;
  }
}

/** The DaemonSets by which a pod network of kboot's is known in a cluster. */
export const networkDaemonSets = { "weave-net": weaveDaemonSet, flannel: flannelDaemonSet } as const;

/** How long a node may take to say how its network is. */
const patienceMs = 2000;

/** How the pod network is on each of these hosts, by name; empty when the user brings their own. Takes two seconds at most. */
export async function networkHealth(
  cluster: Pick<Cluster, "network">,
  hosts: ReadonlyMap<string, Host>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, NetworkHealth>> {
  const plugin = networkPlugin(cluster);
  if (plugin === undefined) return new Map();
  const soon = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  return new Map(
    await pMap(hosts, async ([name, host]) => {
      const health = await plugin.health(host, soon).catch((error: Error): NetworkHealth => {
        signal.throwIfAborted();
        return { ok: false, summary: "no answer", problems: [error.message] };
      });
      return [name, health] as const;
    }),
  );
}
