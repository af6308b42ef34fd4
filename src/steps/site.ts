import type { Site } from "../engine/contracts.ts";
import type { Facts } from "../host/facts.ts";
import type { ClusterHost } from "../inventory/cluster.ts";
import type { Live } from "../kubernetes/live.ts";
import { specOf } from "./where.ts";

/** The facts of a host that was reached. Steps run on no other. */
export function factsOf(site: Site<Live>, host: string): Facts {
  const facts = site.facts.get(host);
  if (facts === undefined) throw new Error(`there are no facts of ${host}`);
  return facts;
}

/** What most steps need to know of a host. */
export function nodeOf(site: Site<Live>, host: string): { spec: ClusterHost; facts: Facts; nodeName: string; nodeAddress: string } {
  const spec = specOf(site.cluster, host);
  const nodeAddress = site.nodeAddress.get(host);
  if (nodeAddress === undefined) throw new Error(`there is no node address of ${host}`);
  return { spec, facts: factsOf(site, host), nodeName: spec.nodeName, nodeAddress };
}
