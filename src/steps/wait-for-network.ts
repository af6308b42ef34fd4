import type { Step } from "../engine/contracts.ts";
import type { Cluster } from "../inventory/cluster.ts";
import type { Live } from "../kubernetes/live.ts";
import { workloadName } from "../kubernetes/workload-name.ts";
import { networkPlugin } from "../network/index.ts";
import { anyHost, theCluster } from "./where.ts";
import { missingWorkloads, waitForWorkloads } from "./workloads.ts";

/** The workload that makes the pod network; none when the user brings their own. */
export function networkWorkloads(cluster: Cluster): readonly string[] {
  const daemonSet = networkPlugin(cluster)?.daemonSet;
  return daemonSet === undefined ? [] : [workloadName(daemonSet)];
}

/**
 * Waits until the pod network runs on the nodes that are Ready so far. A node is Ready a little before its network works, and a pod
 * that comes in between fails and is tried again only seconds later.
 */
export const waitForNetwork: Step<Live> = {
  id: "network-ready",
  title: "Wait until the pod network runs",
  on: theCluster,
  after: [anyHost("network"), anyHost("node-ready")],
  needsLive: true,
  action: {
    describe: "wait until the pod network runs",
    isDone: ({ cluster, live }) => missingWorkloads(networkWorkloads(cluster), live).length === 0,
    run: (context) => waitForWorkloads(networkWorkloads(context.site.cluster), context),
  },
};
