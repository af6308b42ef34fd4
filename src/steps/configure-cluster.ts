import type { Step } from "../engine/contracts.ts";
import { bootstrapRbac } from "../kubernetes/bootstrap-rbac.ts";
import { clusterInfo } from "../kubernetes/cluster-info.ts";
import { kbootConfig } from "../kubernetes/kboot-config.ts";
import { kubeadmConfig } from "../kubernetes/kubeadm-config.ts";
import type { Live } from "../kubernetes/live.ts";
import { anyHost, theCluster } from "./where.ts";

/** What joining nodes and kubeadm read: roles, configuration and the address of the cluster. */
export const configureCluster: Step<Live> = {
  id: "cluster-config",
  title: "Write the cluster's configuration",
  on: theCluster,
  after: [anyHost("api")],
  needsLive: true,
  resources: ({ cluster, live }) => [
    ...bootstrapRbac(),
    ...kubeadmConfig(cluster),
    ...kbootConfig(cluster),
    // the CA exists once the API answers
    ...clusterInfo(cluster, live?.caCert ?? ""),
  ],
};
