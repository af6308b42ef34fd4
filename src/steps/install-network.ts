import type { Step } from "../engine/contracts.ts";
import type { Live } from "../kubernetes/live.ts";
import { workloadName } from "../kubernetes/workload-name.ts";
import { networkPlugin } from "../network/index.ts";
import { anyHost, everyControlPlane, theCluster } from "./where.ts";

/** The pod network of the inventory; none when the user brings their own. */
export const installNetwork: Step<Live> = {
  id: "network",
  title: "Install the pod network",
  on: theCluster,
  // a control plane is a node already and finds the images there; a worker joins with them
  after: [anyHost("cluster-config"), everyControlPlane("addon-images")],
  needsLive: true,
  resources({ cluster, facts, live }) {
    const plugin = networkPlugin(cluster);
    return plugin?.objects(cluster, { facts, running: live?.daemonSets.get(workloadName(plugin.daemonSet)) }) ?? [];
  },
};
