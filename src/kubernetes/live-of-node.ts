import type { Api, ReadLive } from "../engine/contracts.ts";
import { type Live, readNode } from "./live.ts";

/**
 * Reads what a machine that joins may see of the cluster: its own node, by the credential with which it joins. `caCert` is PEM and becomes
 * the run's CA.
 */
export function createReadOwnNode(api: Api, caCert: string, nodeName: string): ReadLive<Live> {
  return async ({ vault, signal }) => {
    if (!vault.has("ca")) vault.put("ca", { certificate: caCert });
    const node = await api.get({ apiVersion: "v1", kind: "Node", metadata: { name: nodeName } }, signal);
    return {
      api,
      live: {
        caCert,
        nodes: new Map(node === undefined ? [] : [[nodeName, readNode(node)]]),
        workloads: new Map(),
        daemonSets: new Map(),
        settled: [],
        applied: [],
      },
    };
  };
}
