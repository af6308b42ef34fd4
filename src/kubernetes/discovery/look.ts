import { KbootError } from "../../errors.ts";
import { type ApiAgent, type ApiResponse, sendRequest } from "../api-request.ts";
import { type Endpoint, showEndpoint } from "../endpoint.ts";
import { judgeNoAnswer, noApi } from "./no-answer.ts";

/** How long the same finding is waited to change. */
export interface Patience {
  /** Between two looks. */
  readonly pollMs: number;
  /** Within which a look must have its answer. */
  readonly lookMs: number;
  /** An API that answers, but has no cluster-info or does not show it: a control plane may be in its first minute. */
  readonly absentMs: number;
  /** A cluster-info without a signature of the token: kube-controller-manager adds it within a moment. */
  readonly unsignedMs: number;
}

/** The entries of ConfigMap cluster-info. */
export interface ClusterInfo {
  readonly kubeconfig: string;
  /** With those of the tokens' signatures. */
  readonly entries: Readonly<Record<string, unknown>>;
}

/** What one look came to: cluster-info, or what stands in the way and how long that is worth waiting for. */
export type Look = { readonly found: ClusterInfo } | Hindrance;

interface Hindrance {
  readonly problem: KbootError;
  readonly patienceMs: number;
  /** The API answers, and has no cluster-info for us. */
  readonly isAbsent?: true;
}

const path = "/api/v1/namespaces/kube-public/configmaps/cluster-info";
/** Of an object in etcd, and some more. */
const mostBytes = 2 << 20;

/** Asks for cluster-info once. Throws KbootError where looking again would not help. */
export async function lookForClusterInfo(agent: ApiAgent, endpoint: Endpoint, patience: Patience, signal: AbortSignal): Promise<Look> {
  const limit = AbortSignal.timeout(patience.lookMs);
  let response: ApiResponse;
  try {
    response = await sendRequest(agent, { method: "GET", path, signal: AbortSignal.any([signal, limit]), mostBytes });
  } catch (error) {
    if (signal.aborted) throw error;
    return { problem: judgeNoAnswer(endpoint, agent.serverName, error, limit.aborted ? patience.lookMs : undefined), patienceMs: Infinity };
  }
  return judgeAnswer(response, showEndpoint(endpoint), patience);
}

/** Nothing of the text is told: nobody knows yet who wrote it. */
function judgeAnswer({ status, text }: ApiResponse, address: string, { absentMs }: Patience): Look {
  const answer = readObject(text);
  const entries = answer?.["kind"] === "ConfigMap" ? readEntries(answer) : undefined;
  const kubeconfig = entries?.["kubeconfig"];
  if (status === 200 && entries !== undefined && typeof kubeconfig === "string") return { found: { kubeconfig, entries } };
  // a load balancer without a server behind it answers in its own way
  if (status === 429 || status >= 500) return { problem: waiting(`${address} answers with status ${status}`), patienceMs: Infinity };
  if (status === 200 && entries === undefined) throw noApi(address, "its answer is not a Kubernetes object");
  if (status !== 200 && answer?.["kind"] !== "Status") throw noApi(address, `it answers with status ${status}, not as Kubernetes does`);
  return { problem: absent(address, status), patienceMs: absentMs, isAbsent: true };
}

function waiting(message: string): KbootError {
  return new KbootError("discovery", message, {
    hint: "the API server is starting, or a load balancer reaches none: see the static pods of a control plane, `crictl ps`",
  });
}

function absent(address: string, status: number): KbootError {
  const found = status === 401 || status === 403 ? "does not show cluster-info to anonymous clients" : "has no cluster-info";
  return new KbootError("discovery", `the API at ${address} ${found} (status ${status})`, {
    hint: "on a control plane, `kubeadm init phase bootstrap-token` (or `kboot apply`) publishes it; or join by a discovery file",
  });
}

function readObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === "object" && read !== null ? (read as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

function readEntries({ data }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return typeof data === "object" && data !== null ? (data as Readonly<Record<string, unknown>>) : {};
}
