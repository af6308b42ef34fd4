import type { Site, Step, Turns } from "../engine/contracts.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { countUnavailable } from "../inventory/max-unavailable.ts";
import type { Live } from "../kubernetes/live.ts";
import { controlPlanes, specOf, workers } from "./where.ts";

/** Control planes one at a time; of the workers as many as the inventory allows. */
export function turnsOf(cluster: Cluster): readonly Turns[] {
  const all = workers(cluster);
  return [
    { hosts: controlPlanes(cluster), atATime: 1 },
    { hosts: all, atATime: countUnavailable(cluster.maxUnavailable, all.length) },
  ];
}

/**
 * For a step that interrupts a node when it changes such a thing. A host that has not joined, or whose node is not Ready, has nothing to
 * lose, so that a new cluster comes up on all hosts at once.
 */
export function interruptsBy(isSuch: (id: string) => boolean): NonNullable<Step<Live>["interrupts"]> {
  return ({ cluster, facts, live }: Site<Live>, host, changing) =>
    facts.get(host)?.kubernetes.kubeletCertificate !== undefined &&
    (live === undefined || live.nodes.get(specOf(cluster, host).nodeName)?.isReady === true) &&
    [...changing].some(isSuch);
}
