import type { Site, Step } from "../../engine/contracts.ts";
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

function isSilence(error: unknown): boolean {
  return error instanceof KbootError && error.code === "api" && error.transient;
}

/** Lets the pods of a node leave it before it ends. */
export const drain: Step<Live> = {
  id: "drain",
  title: "Drain the node",
  on: everyHost,
  after: [],
  // a node that is not Ready has nothing to lose, and one that is gone or cannot be asked for none that it could give its pods to
  interrupts: (site, host) => site.live?.nodes.get(specOf(site.cluster, host).nodeName)?.isReady === true && !hasLeft(site, host),
  action: {
    describe: "move its pods to other nodes",
    isDone: hasLeft,
    async run({ site, host, api, signal, say }) {
      const { nodeName } = specOf(site.cluster, host);
      try {
        const client = await api();
        const node = await client.get(nodeRef(nodeName), signal);
        if (node === undefined) return;
        say("waiting for pods to leave the node");
        const left = await drainNode(client, node, drainSeconds, signal);
        if (left.length > 0) say(`after ${drainSeconds} s these pods end with the node: ${left.join(", ")}`);
      } catch (error) {
        // a host shall end also when its cluster is down
        if (!isSilence(error)) throw error;
        say("the API does not answer, so its pods end with the node");
      }
    },
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
    async run({ site, host, api, signal }) {
      const { nodeName } = specOf(site.cluster, host);
      try {
        await (await api()).delete(nodeRef(nodeName), signal);
      } catch (error) {
        if (!isSilence(error)) throw error;
        throw new KbootError("api", `the API does not answer, so the node ${nodeName} stays in the cluster; the host keeps its record`, {
          hint: "run the same reset again once the API answers; where the cluster is gone for good, reset all of it, without --limit",
          cause: error,
        });
      }
    },
  },
};
