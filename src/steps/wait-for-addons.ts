import type { Step } from "../engine/contracts.ts";
import type { Cluster } from "../inventory/cluster.ts";
import type { Live } from "../kubernetes/live.ts";
import { workloadName } from "../kubernetes/workload-name.ts";
import { networkPlugin } from "../network/index.ts";
import { anyHost, theCluster } from "./where.ts";
import { missingWorkloads, waitForWorkloads } from "./workloads.ts";

/** Workloads that a working cluster has. Without a pod network of ours, CoreDNS waits for the user's. */
function expected(cluster: Cluster): readonly string[] {
  const network = networkPlugin(cluster)?.daemonSet;
  const kubeProxy = "DaemonSet/kube-system/kube-proxy";
  return network === undefined ? [kubeProxy] : [kubeProxy, workloadName(network), "Deployment/kube-system/coredns"];
}

/** Waits until kube-proxy, the pod network and CoreDNS run on every node that is Ready. */
export const waitForAddons: Step<Live> = {
  id: "addons-ready",
  title: "Wait until the addons run",
  on: theCluster,
  after: [{ step: "node-ready", scope: "every-host" }, anyHost("kube-proxy"), anyHost("coredns")],
  needsLive: true,
  action: {
    describe: "wait until kube-proxy, the pod network and CoreDNS run",
    isDone: ({ cluster, live }, _host, changing) => missingWorkloads(expected(cluster), live).length === 0 && changing.size === 0,
    run: (context) => waitForWorkloads(expected(context.site.cluster), context),
  },
};
