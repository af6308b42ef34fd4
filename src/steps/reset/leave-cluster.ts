import type { ActionContext, Api, Site, Step } from "../../engine/contracts.ts";
import { KbootError } from "../../errors.ts";
import { drainNode, nodeRef } from "../../kubernetes/drain.ts";
import type { Live } from "../../kubernetes/live.ts";
import { everyHost, sameHost, specOf } from "../where.ts";
import { broughtTo } from "./made.ts";

const drainSeconds = 120;

/** True for a host that has left the cluster, or was never in it. */
function hasLeft(site: Site<Live>, host: string): boolean {
  if (!broughtTo(site, host).kubelet) return true;
  return site.live !== undefined && !site.live.nodes.has(specOf(site.cluster, host).nodeName);
}

/** A cluster that does not answer keeps no host: it is told what stays there. */
async function inCluster({ api, say, site, host }: ActionContext<Live>, use: (api: Api, node: string) => Promise<void>): Promise<void> {
  const { nodeName } = specOf(site.cluster, host);
  try {
    await use(await api(), nodeName);
  } catch (error) {
    if (!(error instanceof KbootError && error.code === "api" && error.transient)) throw error;
    say(`the API does not answer, so the node stays in the cluster: kubectl delete node ${nodeName}`);
  }
}

/** Lets the pods of a node leave it before it ends. */
export const drain: Step<Live> = {
  id: "drain",
  title: "Drain the node",
  on: everyHost,
  after: [],
  action: {
    describe: "move its pods to other nodes",
    isDone: hasLeft,
    run: (context) =>
      inCluster(context, async (api, node) => {
        if ((await api.get(nodeRef(node), context.signal)) === undefined) return;
        context.say("waiting for pods to leave the node");
        const left = await drainNode(api, node, drainSeconds, context.signal);
        if (left.length > 0) context.say(`after ${drainSeconds} s these pods end with the node: ${left.join(", ")}`);
      }),
  },
};

/** Takes the node out of the cluster, once no kubelet is left that would register it again. */
export const deleteNode: Step<Live> = {
  id: "delete-node",
  title: "Delete the node",
  on: everyHost,
  after: sameHost("end-node"),
  action: {
    describe: "delete the node from the cluster",
    isDone: hasLeft,
    run: (context) => inCluster(context, (api, node) => api.delete(nodeRef(node), context.signal)),
  },
};
