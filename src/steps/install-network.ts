import type { Step } from "../engine/contracts.ts";
import type { Live } from "../kubernetes/live.ts";
import { networkPlugin } from "../network/index.ts";
import { anyHost, theCluster } from "./where.ts";

/** The pod network of the inventory; none when the user brings their own. */
export const installNetwork: Step<Live> = {
  id: "network",
  title: "Install the pod network",
  on: theCluster,
  after: [anyHost("cluster-config")],
  needsLive: true,
  resources: ({ cluster, facts }) => networkPlugin(cluster)?.objects(cluster, { facts: [...facts.values()] }) ?? [],
};
