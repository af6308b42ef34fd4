import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import type { Dispatcher, EnvHttpProxyAgent, Response } from "undici";
import { KbootError } from "../errors.ts";
import { retry } from "../retry.ts";

export interface GetOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** One GET. Resolves whatever the status is; throws a transient KbootError `artifact` when there is no answer. */
export type Get = (url: string, options: GetOptions) => Promise<Response>;

/** Between the attempts at a request. */
export const patience = { firstMs: 200, mostMs: 5000 };

/**
 * A GET that follows redirects, and goes through the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name. Connecting, an answer
 * and each part of a body may take their time, but none may hang.
 */
export const get: Get = getter(() => ({}));

/**
 * As `get`, but over https alone, redirects included, and of servers that this machine trusts by its own store of certificates. To read
 * that takes a tenth of a second.
 */
export const getSecurely: Get = getter(() => ({
  secureContext: createSecureContext({ ca: [...getCACertificates("default"), ...getCACertificates("system")] }),
  httpsOnly: true,
}));

interface Terms {
  readonly secureContext?: SecureContext;
  readonly httpsOnly?: boolean;
}

function getter(terms: () => Terms): Get {
  let dispatcher: Dispatcher | undefined;
  return async (url, { headers = {}, signal }) => {
    const { EnvHttpProxyAgent, fetch } = await import("undici");
    assertProxies(process.env);
    dispatcher ??= newDispatcher(EnvHttpProxyAgent, terms());
    try {
      // a compressed body could not be resumed
      return await fetch(url, { headers: { "accept-encoding": "identity", ...headers }, signal, dispatcher });
    } catch (cause) {
      throw noAnswer(url, cause, signal);
    }
  };
}

function newDispatcher(ProxyAgent: typeof EnvHttpProxyAgent, { httpsOnly = false, ...tls }: Terms): Dispatcher {
  const agent = new ProxyAgent({
    connect: { timeout: 10_000, ...tls },
    requestTls: tls,
    headersTimeout: 30_000,
    bodyTimeout: 60_000,
    // many proxies tunnel to port 443 alone: what is asked in plain HTTP is asked of the proxy itself
    proxyTunnel: false,
  });
  return httpsOnly ? agent.compose(refusePlain) : agent;
}

function refusePlain(dispatch: Dispatcher["dispatch"]): Dispatcher["dispatch"] {
  return (options, handler) => {
    if (!String(options.origin).startsWith("https:")) throw new Error(`it leads to ${options.origin}, where anybody could answer`);
    return dispatch(options, handler);
  };
}

/** Throws KbootError `usage` for a proxy that cannot be meant. Its value may hold a password, and is not told. */
function assertProxies(env: NodeJS.ProcessEnv): void {
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"]) {
    const value = env[name];
    if (!value || (/^https?:\/\//i.test(value) && URL.canParse(value))) continue;
    throw new KbootError("usage", `the environment's ${name} is not the URL of a proxy`, {
      hint: "write it like http://proxy.example.com:3128",
    });
  }
}

/** The error for a request, or the rest of its answer, that did not come. */
export function noAnswer(url: string, cause: unknown, signal: AbortSignal): KbootError {
  if (signal.aborted) return new KbootError("cancelled", `cancelled: ${url}`, { cause });
  return new KbootError("artifact", `no answer from ${url}: ${reasonOf(cause)}`, {
    hint: `is the address right, and does this machine reach it? \`curl -I ${url}\`; HTTP_PROXY, HTTPS_PROXY and NO_PROXY count; then run again`,
    cause,
    transient: true,
  });
}

/** What a failed request says is the least of it: the reason stands in its cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause;
  return inner === undefined ? error.message : reasonOf(inner);
}

/** The whole body as bytes; for small things alone. Throws KbootError `artifact` when it is larger than `most`. */
export async function readSmall(url: string, response: Response, signal: AbortSignal, most = 16 << 20): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > most) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw noAnswer(url, cause, signal);
  }
  if (size > most) throw new KbootError("artifact", `${url} is larger than such a thing can be`, { hint: "is the address right?" });
  return Buffer.concat(chunks);
}

/** The error for an answer with a status that is none of those wanted. 429 and 5xx may heal. */
export function refused(url: string, status: number): KbootError {
  return new KbootError("artifact", `${url} answers with status ${status}`, {
    hint: `${status === 404 ? "does this version exist, and is it there for this architecture?" : "see whether the server may be asked from here"} \`curl -I ${url}\``,
    transient: status === 429 || status >= 500,
  });
}

/** The body of a small file, or undefined where there is none (404). What may heal is tried three times. */
export function getSmall(url: string, options: GetOptions, by: Get = get): Promise<Buffer | undefined> {
  const attempt = async (): Promise<Buffer | undefined> => {
    const response = await by(url, options);
    if (response.status === 200) return readSmall(url, response, options.signal);
    await response.body?.cancel();
    if (response.status === 404) return undefined;
    throw refused(url, response.status);
  };
  return retry(attempt, { ...patience, retries: 2, signal: options.signal });
}
