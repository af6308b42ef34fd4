import { once } from "node:events";
import { connect, isIP, type Socket } from "node:net";
import { KbootError } from "../errors.ts";
import { withoutSecrets } from "../secret.ts";

/** Where an API listens. */
export interface Endpoint {
  /** A name or an address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Reads `10.0.0.5:6443`, `api.example.com:6443` or `[2001:db8::5]:6443`. Throws KbootError `usage` for anything else. */
export function parseEndpoint(text: string): Endpoint {
  const [, v6, name, digits] = /^(?:\[([^\]]+)\]|([\w.-]+)):(\d{1,5})$/.exec(text) ?? [];
  const [host, port] = [v6 ?? name, Number(digits)];
  const isHost = v6 === undefined ? host !== undefined && isName(host) : isIP(v6) === 6;
  if (host !== undefined && isHost && port > 0 && port < 65536) return { host, port };
  throw new KbootError("usage", `${withoutSecrets(text.slice(0, 100)) || "nothing"} is not where an API may listen`, {
    hint: "write a host and a port, such as 10.0.0.5:6443, api.example.com:6443 or [2001:db8::5]:6443",
  });
}

/** The end of a server's URL in a kubeconfig; undefined when it is no `https` URL. */
export function endpointOf(server: string): Endpoint | undefined {
  if (!URL.canParse(server)) return undefined;
  const { protocol, hostname, port } = new URL(server);
  return protocol === "https:" ? { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 443) } : undefined;
}

/** `10.0.0.5:6443`, `[2001:db8::5]:6443` */
export function showEndpoint({ host, port }: Endpoint): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

const connectTimeoutMs = 5000;

/** A TCP connection. Throws what the system says, or an error `ETIMEDOUT` when there is no answer. */
export async function dial({ host, port }: Endpoint, signal: AbortSignal): Promise<Socket> {
  const patience = AbortSignal.timeout(connectTimeoutMs);
  const socket = connect({ host, port });
  try {
    await once(socket, "connect", { signal: AbortSignal.any([signal, patience]) });
    return socket;
  } catch (error) {
    socket.destroy();
    if (!patience.aborted) throw error;
    throw Object.assign(new Error(`no answer within ${connectTimeoutMs / 1000} s`, { cause: error }), { code: "ETIMEDOUT" });
  }
}

/** Digits and dots alone are an address or a mistake. */
function isName(text: string): boolean {
  return /^[\d.]+$/.test(text) ? isIP(text) === 4 : /^[a-z\d]([\w.-]*[a-z\d.])?$/i.test(text);
}
