import type { Step } from "../engine/contracts.ts";
import { kbootObjects } from "../kubernetes/kboot-objects.ts";
import type { Live } from "../kubernetes/live.ts";
import { configurationObjects, wishedObjects } from "./applied-objects.ts";
import { anyHost, theCluster } from "./where.ts";

/** What joining nodes and kubeadm read, and the record of all that is applied, which is written before most of it. */
export const configureCluster: Step<Live> = {
  id: "cluster-config",
  title: "Write the cluster's configuration",
  on: theCluster,
  after: [anyHost("api")],
  needsLive: true,
  resources: (site) => [...configurationObjects(site), kbootObjects([...(site.live?.applied ?? []), ...wishedObjects(site)])],
};
