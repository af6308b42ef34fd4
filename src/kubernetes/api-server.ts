import { KbootError } from "../errors.ts";
import { type ApiAccess, ApiAgent, sendRequest } from "./api-request.ts";

/** What one API server says of itself. */
export interface ApiServerHealth {
  readonly ready: boolean;
  /** Names of its checks that fail: `etcd`. Empty also when it gives no answer to that question. */
  readonly failing: readonly string[];
  /** `1.36.3`; undefined when it does not say. */
  readonly version: string | undefined;
}

/** An API server whose etcd does not answer waits for it before it says so; a healthy one answers at once. */
const readyzMs = 1000;

/** Asks an API server for its version and for `/readyz`. Throws KbootError when there is no answer at all. */
export async function askApiServer(access: ApiAccess, signal: AbortSignal): Promise<ApiServerHealth> {
  const agent = new ApiAgent(access);
  try {
    const [version, readyz] = await Promise.all([
      sendRequest(agent, { method: "GET", path: "/version", signal }),
      askReadyz(agent, signal),
    ]);
    return { ...readyz, version: version.status === 200 ? /"gitVersion": *"v([^"]+)"/.exec(version.text)?.[1] : undefined };
  } finally {
    agent.destroy();
  }
}

async function askReadyz(agent: ApiAgent, signal: AbortSignal): Promise<Pick<ApiServerHealth, "ready" | "failing">> {
  const own = AbortSignal.any([signal, AbortSignal.timeout(readyzMs)]);
  try {
    const { status, text } = await sendRequest(agent, { method: "GET", path: "/readyz?verbose", signal: own });
    // lines such as `[-]etcd failed: reason withheld` (apiserver/pkg/server/healthz, v1.36)
    return { ready: status === 200, failing: [...text.matchAll(/^\[-\](\S+)/gm)].map(([, name = ""]) => name) };
  } catch (error) {
    if (error instanceof KbootError && error.code === "cancelled" && !signal.aborted) return { ready: false, failing: [] };
    throw error;
  }
}
