import { type ApiAccess, ApiAgent, sendRequest } from "./api-request.ts";

/** What one API server says of itself. */
export interface ApiServerHealth {
  readonly ready: boolean;
  /** Names of its checks that fail: `etcd`. */
  readonly failing: readonly string[];
  /** `1.36.3`; undefined when it does not say. */
  readonly version: string | undefined;
}

/** Asks an API server for `/readyz` and its version. Throws KbootError when there is no answer. */
export async function askApiServer(access: ApiAccess, signal: AbortSignal): Promise<ApiServerHealth> {
  const agent = new ApiAgent(access);
  const ask = (path: string) => sendRequest(agent, { method: "GET", path, signal });
  try {
    const [readyz, version] = await Promise.all([ask("/readyz?verbose"), ask("/version")]);
    return {
      ready: readyz.status === 200,
      // lines such as `[-]etcd failed: reason withheld` (apiserver/pkg/server/healthz, v1.36)
      failing: [...readyz.text.matchAll(/^\[-\](\S+)/gm)].map(([, name = ""]) => name),
      version: version.status === 200 ? /"gitVersion": *"v([^"]+)"/.exec(version.text)?.[1] : undefined,
    };
  } finally {
    agent.destroy();
  }
}
