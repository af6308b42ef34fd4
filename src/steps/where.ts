import { clusterPlace, type Edge } from "../engine/contracts.ts";
import type { Cluster, ClusterHost } from "../inventory/cluster.ts";

/** Every host of the inventory. */
export function everyHost(cluster: Cluster): readonly string[] {
  return cluster.hosts.map((host) => host.name);
}

/** Hosts with the role `control-plane`. */
export function controlPlanes(cluster: Cluster): readonly string[] {
  return cluster.hosts.filter((host) => host.role === "control-plane").map((host) => host.name);
}

/** Hosts with the role `worker`. */
export function workers(cluster: Cluster): readonly string[] {
  return cluster.hosts.filter((host) => host.role === "worker").map((host) => host.name);
}

/** The pseudo-host of the cluster's API. */
export function theCluster(): readonly string[] {
  return [clusterPlace];
}

/** After these steps on the same host. */
export function sameHost(...steps: readonly string[]): readonly Edge[] {
  return steps.map((step) => ({ step, scope: "same-host" }));
}

/** After this step on any one of its hosts. */
export function anyHost(step: string): Edge {
  return { step, scope: "any-host" };
}

/** After this step on every control plane that is not set aside. */
export function everyControlPlane(step: string): Edge {
  return { step, scope: "every-host", of: controlPlanes };
}

/** The inventory's entry of a host that a step runs on. */
export function specOf(cluster: Cluster, name: string): ClusterHost {
  const host = cluster.hosts.find((candidate) => candidate.name === name);
  if (host === undefined) throw new Error(`the inventory has no host ${name}`);
  return host;
}
