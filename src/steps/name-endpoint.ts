import type { Step } from "../engine/contracts.ts";
import type { Live } from "../kubernetes/live.ts";
import { hostsEntry } from "../resources/hosts-entry.ts";
import { controlPlanes, everyHost, specOf } from "./where.ts";

/** Keeps the name of the API endpoint in /etc/hosts: a control plane finds itself under it, a worker a control plane. */
export const nameEndpoint: Step<Live> = {
  id: "endpoint-name",
  title: "Name the API endpoint",
  on: everyHost,
  after: [],
  resources({ cluster, nodeAddress }, host) {
    if (!cluster.endpoint.managed) return [];
    const target = specOf(cluster, host).role === "control-plane" ? host : controlPlanes(cluster).find((name) => nodeAddress.has(name));
    const address = target === undefined ? undefined : nodeAddress.get(target);
    return address === undefined ? [] : [hostsEntry(cluster.endpoint.host, address)];
  },
};
