import { Agent, type AgentOptions, request } from "node:https";
import type { Duplex } from "node:stream";
import { connect as tlsConnect } from "node:tls";
import { catalogue } from "../errors/catalogue.ts";
import { type ErrorCode, KbootError } from "../errors.ts";
import type { Secret } from "../secret.ts";

/** How the API is reached and who asks. */
export interface ApiAccess {
  /** Opens a stream to the API's port; called once for each connection. */
  connect(): Promise<Duplex>;
  /** PEM; may hold several certificates. */
  readonly caCert: string;
  readonly clientCert: string;
  readonly clientKey: Secret;
}

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal: AbortSignal;
}

export interface ApiResponse {
  readonly status: number;
  readonly text: string;
}

/** The name in every API server's certificate, however it is reached. */
const serverName = "kubernetes";
const maxConnections = 6;
const requestTimeoutMs = 30_000;

/** A connection pool whose connections are TLS over streams of our own. */
export class ApiAgent extends Agent {
  readonly #access: ApiAccess;

  constructor(access: ApiAccess) {
    super({ keepAlive: true, maxSockets: maxConnections });
    this.#access = access;
  }

  override createConnection(_options: AgentOptions, done?: (error: Error | null, stream: Duplex) => void): undefined {
    const { caCert, clientCert, clientKey } = this.#access;
    this.#access.connect().then(
      (socket) => done?.(null, tlsConnect({ socket, servername: serverName, ca: caCert, cert: clientCert, key: clientKey.reveal() })),
      // the type asks for a stream even where there is none
      (error: Error) => done?.(error, undefined as unknown as Duplex),
    );
  }
}

/** Sends one request. Throws KbootError: `cancelled`, or `api` (transient, unless the certificates are at fault) when there is no answer. */
export function sendRequest(agent: ApiAgent, { method, path, body, contentType, signal }: ApiRequest): Promise<ApiResponse> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => reject(connectionError(`${method} ${path}`, cause, signal));
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const sent = request(
      {
        agent,
        method,
        path,
        host: serverName,
        signal,
        timeout: requestTimeoutMs,
        headers: {
          accept: "application/json",
          "user-agent": "kboot",
          ...(payload === undefined
            ? {}
            : { "content-type": contentType ?? "application/json", "content-length": Buffer.byteLength(payload) }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }));
        response.on("error", fail);
      },
    );
    sent.on("timeout", () => sent.destroy(new Error(`no answer within ${requestTimeoutMs / 1000} s`)));
    sent.on("error", fail);
    sent.end(payload);
  });
}

function connectionError(what: string, cause: unknown, signal: AbortSignal): KbootError {
  if (signal.aborted) return new KbootError("cancelled", `${what} was cancelled`, { cause });
  if (cause instanceof KbootError) return cause;
  const error = cause instanceof Error ? cause : new Error(String(cause));
  const code = certificateFault("code" in error ? String(error.code) : "");
  return new KbootError(code ?? "api", `${what}: ${code === undefined ? "" : "the API's certificate is refused: "}${error.message}`, {
    cause: error,
    transient: code === undefined,
    hint: catalogue[code ?? "api"].next[0],
  });
}

/** What OpenSSL's names of faults (X509_STORE_CTX_get_error(3)) come to; undefined for a code of something else. */
function certificateFault(code: string): ErrorCode | undefined {
  if (/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/.test(code)) return "certificate-expired";
  return /CERT|SIGNATURE|ISSUER/.test(code) ? "certificate-untrusted" : undefined;
}
