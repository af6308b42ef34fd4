import { KbootError } from "../errors.ts";
import type { Host } from "../host/host.ts";

/** What one etcd member says of itself. */
export interface EtcdHealth {
  /** It has a leader and answers a read that a majority must agree to. */
  readonly healthy: boolean;
  /** Why not, in etcd's words. */
  readonly reason: string | undefined;
  /** Size of its database file. */
  readonly databaseBytes: number | undefined;
  /** `3.6.8`. */
  readonly version: string | undefined;
}

/** Where kubeadm lets etcd tell its health and metrics, without TLS and on loopback alone (`--listen-metrics-urls`). */
const metricsPort = 2381;

/**
 * Asks the etcd member on a host over its metrics address, which needs no certificate and answers also while the API server is down.
 * Throws KbootError when there is no answer.
 */
export async function askEtcd(host: Pick<Host, "connect">, signal: AbortSignal): Promise<EtcdHealth> {
  const [health, metrics] = await Promise.all([ask(host, "/health", signal), ask(host, "/metrics", signal)]);
  const { health: word, reason = "" } = readHealth(health);
  const bytes = /^etcd_mvcc_db_total_size_in_bytes (\S+)$/m.exec(metrics)?.[1];
  return {
    healthy: word === "true",
    reason: word === "true" ? undefined : reason || "etcd says that it is not healthy",
    databaseBytes: bytes === undefined ? undefined : Number(bytes),
    version: /^etcd_server_version\{server_version="([^"]+)"\} 1$/m.exec(metrics)?.[1],
  };
}

function readHealth(answer: string): { readonly health?: string; readonly reason?: string } {
  try {
    return JSON.parse(answer.slice(answer.indexOf("\r\n\r\n"))) as object;
  } catch (cause) {
    throw new KbootError("api", "what answers on etcd's metrics port is not etcd", { cause });
  }
}

/** The whole answer to a GET. HTTP/1.0: the server ends the connection after it, and sends it in one piece. */
async function ask(host: Pick<Host, "connect">, path: string, signal: AbortSignal): Promise<string> {
  const stream = await host.connect(metricsPort, signal);
  const end = () => stream.destroy();
  signal.addEventListener("abort", end, { once: true });
  try {
    stream.write(`GET ${path} HTTP/1.0\r\nHost: localhost\r\n\r\n`);
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    const answer = Buffer.concat(chunks).toString("utf8");
    if (!answer.startsWith("HTTP/1.")) throw new KbootError("api", `etcd does not answer ${path}`, { transient: true });
    return answer;
  } finally {
    signal.removeEventListener("abort", end);
    stream.destroy();
  }
}
