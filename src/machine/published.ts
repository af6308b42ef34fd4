import type { Api, KubernetesObject } from "../engine/contracts.ts";
import { KbootError } from "../errors.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { kbootConfigName, readKbootConfig } from "../kubernetes/kboot-config.ts";

/**
 * The cluster that a joining machine is told of by ConfigMap kboot-config. Throws KbootError `discovery` where there is none.
 */
export async function readPublished(api: Api, signal: AbortSignal): Promise<Cluster> {
  const data = await readConfigMap(api, kbootConfigName, signal);
  const cluster = data === undefined ? undefined : readKbootConfig(data);
  if (cluster !== undefined) return cluster;
  throw new KbootError("discovery", "the cluster has no ConfigMap kboot-config that this kboot can read", { hint: "kboot version" });
}

async function readConfigMap(api: Api, name: string, signal: AbortSignal): Promise<Readonly<Record<string, string>> | undefined> {
  const found: KubernetesObject | undefined = await api.get(
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "kube-system" } },
    signal,
  );
  return found?.["data"] as Readonly<Record<string, string>> | undefined;
}
