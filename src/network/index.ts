import type { Cluster } from "../inventory/cluster.ts";
import { flannel, flannelDaemonSet } from "./flannel/flannel.ts";
import type { NetworkPlugin } from "./plugin.ts";
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
