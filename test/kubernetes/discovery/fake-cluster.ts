import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { inspect } from "node:util";
import type { ExecutionContext } from "ava";
import { KbootError } from "../../../src/errors.ts";
import { type BootstrapToken, generateBootstrapToken } from "../../../src/kubernetes/bootstrap-token.ts";
import { clusterInfo } from "../../../src/kubernetes/cluster-info.ts";
import { discover } from "../../../src/kubernetes/discovery/discover.ts";
import type { Discovered, DiscoverOptions, Discovery } from "../../../src/kubernetes/discovery/discovered.ts";
import { signatureKey, signDetached } from "../../../src/kubernetes/discovery/jws.ts";
import { issueCa, issueCertificate, type KeyAndCertificate } from "../../../src/pki/issue.ts";
import type { Secret } from "../../../src/secret.ts";

const usual = { validityDays: 2, now: new Date(), algorithm: "ECDSA-P256" } as const;
/** Known to no resolver: only TLS and the cluster speak of it. */
export const clusterName = "api.lab.internal";

export const makeCa = (commonName = "kubernetes") => issueCa({ ...usual, commonName });

export function makeCertificate(ca: KeyAndCertificate, { dnsNames = ["kubernetes", clusterName], now = usual.now } = {}) {
  const wish = { commonName: "kube-apiserver", usages: ["serverAuth", "clientAuth"], dnsNames, ipAddresses: ["127.0.0.1"] } as const;
  return issueCertificate({ ...usual, ...wish, now }, ca);
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface Asked {
  readonly path: string;
  readonly authorization: string | undefined;
  /** Common name of the client's certificate. */
  readonly client: string | undefined;
  /** The name that TLS asked for; undefined for an address. */
  readonly serverName: string | undefined;
}

export interface Server {
  /** `127.0.0.1:40123` */
  readonly address: string;
  readonly asked: Asked[];
  stop(): Promise<void>;
}

/** A web server with TLS that plays an API server. `answer` is told how often it was asked before. */
export async function startServer(
  { certificatePem, key }: KeyAndCertificate,
  answer: (path: string, before: number) => Answer | Promise<Answer>,
): Promise<Server> {
  const asked: Asked[] = [];
  const tls = { cert: certificatePem, key: key.reveal(), requestCert: true, rejectUnauthorized: false };
  const https = createServer(tls, async (request, response) => {
    const socket = request.socket as TLSSocket;
    const { servername } = socket as { readonly servername?: string | false };
    const path = request.url ?? "";
    const before = asked.length;
    asked.push({
      path,
      authorization: request.headers.authorization,
      client: socket.getPeerCertificate().subject?.CN as string | undefined,
      serverName: servername || undefined,
    });
    const { status, text } = await answer(path, before);
    response.writeHead(status, { "content-type": "application/json", ...(status === 302 ? { location: text } : {}) }).end(text);
  });
  await new Promise<void>((resolve) => https.listen(0, "127.0.0.1", resolve));
  const { port } = https.address() as AddressInfo;
  const stop = async () => {
    https.closeAllConnections();
    await new Promise((resolve) => https.close(resolve));
  };
  return { address: `127.0.0.1:${port}`, asked, stop };
}

/** The kubeconfig as kboot publishes it. */
export function publishedKubeconfig(caCert: string, host = clusterName): string {
  const objects = clusterInfo({ endpoint: { host, port: 6443, managed: true } }, caCert).map(({ object }) => object);
  const configMap = objects.find(({ kind }) => kind === "ConfigMap");
  return String((configMap?.["data"] as Readonly<Record<string, string>> | undefined)?.["kubeconfig"]);
}

/** ConfigMap cluster-info as the API shows it, signed by each of the tokens. */
export function answerInfo(kubeconfig: string, ...tokens: readonly BootstrapToken[]): Answer {
  const signatures = Object.fromEntries(tokens.map((token) => [signatureKey(token.id), signDetached(token, kubeconfig)]));
  const text = JSON.stringify({ kind: "ConfigMap", apiVersion: "v1", data: { ...signatures, kubeconfig } });
  return { status: 200, text };
}

export function answerStatus(status: number): Answer {
  return { status, text: JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", code: status }) };
}

/** A CA, a certificate of it for a server, another CA, and a token. */
export async function makeParts() {
  const [ca, otherCa] = await Promise.all([makeCa(), makeCa()]);
  return { ca, otherCa, server: await makeCertificate(ca), token: generateBootstrapToken() };
}

/** Looks often, and gives up soon where the test is about that; a busy machine may take its time for a look. */
export const hasty = { pollMs: 10, lookMs: 60_000, absentMs: 60, unsignedMs: 60 };

/** Of nobody who stops. */
export const { signal } = new AbortController();

export function find(discovery: Discovery, options: Partial<DiscoverOptions> = {}): Promise<Discovered> {
  return discover(discovery, { timeoutSeconds: 60, signal, say: () => {}, patience: hasty, ...options });
}

/** The error of a search; it must not hold the secret, and must say what to do. */
export async function failureOf(
  t: ExecutionContext,
  discovery: Discovery,
  secret: Secret,
  options: Partial<DiscoverOptions> = {},
): Promise<KbootError> {
  const error = await t.throwsAsync(find(discovery, options), { instanceOf: KbootError });
  t.false(`${inspect(error, { depth: 9 })}${error.hint}`.includes(secret.reveal()));
  t.true((error.hint ?? "").length > 0);
  return error;
}
