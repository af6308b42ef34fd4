import { Agent, type AgentOptions, request } from "node:https";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect as tlsConnect } from "node:tls";
import { catalogue } from "../errors/catalogue.ts";
import { type ErrorCode, KbootError } from "../errors.ts";
import type { KeyAndCertificate } from "../pki/issue.ts";
import type { Secret } from "../secret.ts";

/** Who asks: the holder of a client certificate, or of a bearer token. */
export type ApiCredential = KeyAndCertificate | { readonly token: Secret };

/** In place of a CA: whoever answers is believed, since the answer is judged by other means. */
export const anyCertificate = Symbol("any certificate");

/** How the API is reached and who asks. */
export interface ApiAccess {
  /** Opens a stream to the API's port; called once for each connection. */
  connect(): Promise<Duplex>;
  /** Name or address that the server's certificate must have, wherever the stream leads. Default: the one that all API servers have. */
  readonly serverName?: string;
  /** PEM; may hold several certificates. */
  readonly caCert: string | typeof anyCertificate;
  /** Undefined: nobody in particular (`system:anonymous`). */
  readonly credential: ApiCredential | undefined;
}

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal: AbortSignal;
  /** A longer answer is refused, with `EMSGSIZE` as the cause. Default: any length. */
  readonly mostBytes?: number;
}

export interface ApiResponse {
  readonly status: number;
  readonly text: string;
}

/** In the certificate of every API server that kubeadm or kboot made. */
const commonServerName = "kubernetes";
const maxConnections = 6;
const requestTimeoutMs = 30_000;

/** A connection pool whose connections are TLS over streams of our own. */
export class ApiAgent extends Agent {
  readonly #access: ApiAccess;

  constructor(access: ApiAccess) {
    super({ keepAlive: true, maxSockets: maxConnections });
    this.#access = access;
  }

  /** For the header `host`. */
  get serverName(): string {
    return this.#access.serverName ?? commonServerName;
  }

  /** Holds the token, where that is the credential. */
  get credentialHeader(): Readonly<Record<string, string>> {
    const { credential } = this.#access;
    return credential !== undefined && "token" in credential ? { authorization: `Bearer ${credential.token.reveal()}` } : {};
  }

  override createConnection(_options: AgentOptions, done?: (error: Error | null, stream: Duplex) => void): undefined {
    this.#access.connect().then(
      (socket) => done?.(null, tlsConnect({ socket, ...namedOptions(this.serverName), ...trustOptions(this.#access) })),
      // the type asks for a stream even where there is none
      (error: Error) => done?.(error, undefined as unknown as Duplex),
    );
  }
}

/** TLS names no address to the server (RFC 6066, 3), but its certificate is compared with it all the same. */
function namedOptions(serverName: string): ConnectionOptions {
  return isIP(serverName) === 0 ? { servername: serverName } : { host: serverName };
}

function trustOptions({ caCert, credential }: ApiAccess): ConnectionOptions {
  const client = credential !== undefined && "key" in credential ? { cert: credential.certificatePem, key: credential.key.reveal() } : {};
  return typeof caCert === "string" ? { ca: caCert, ...client } : { rejectUnauthorized: false, ...client };
}

/** Sends one request. Throws KbootError: `cancelled`, or `api` (transient, unless the certificates are at fault) when there is no answer. */
export function sendRequest(
  agent: ApiAgent,
  { method, path, body, contentType, signal, mostBytes = Infinity }: ApiRequest,
): Promise<ApiResponse> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => reject(connectionError(`${method} ${path}`, cause, signal));
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const sent = request(
      {
        agent,
        method,
        path,
        host: agent.serverName,
        signal,
        timeout: requestTimeoutMs,
        headers: {
          accept: "application/json",
          "user-agent": "kboot",
          ...agent.credentialHeader,
          ...(payload === undefined
            ? {}
            : { "content-type": contentType ?? "application/json", "content-length": Buffer.byteLength(payload) }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > mostBytes)
            response.destroy(Object.assign(new Error(`the answer is longer than ${mostBytes} bytes`), { code: "EMSGSIZE" }));
          else chunks.push(chunk);
        });
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
