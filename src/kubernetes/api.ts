import type { Api, KubernetesObject, ObjectRef } from "../engine/contracts.ts";
import { isTransient as canHeal, KbootError } from "../errors.ts";
import { collectionPath, KindTable, objectPath } from "./api-kinds.ts";
import { type ApiAccess, ApiAgent, type ApiRequest, type ApiResponse, sendRequest } from "./api-request.ts";

const pageSize = 500;

/**
 * The cluster's API over streams that the caller opens. Nothing is sent before the first call; idle connections do not keep the process alive.
 *
 * It speaks HTTP itself, not through the official client's objects: those ask the API for every version's kinds first, cannot ask for strict
 * field validation of an apply, and loading them takes longer than a whole run that finds nothing to do.
 */
export function openApi(access: ApiAccess): Api {
  const agent = new ApiAgent(access);
  const send = (request: ApiRequest) => sendRequest(agent, request);

  async function call(request: ApiRequest, what: string, missing: "final" | "transient" = "final"): Promise<unknown> {
    const response = await send(request);
    if (response.status >= 300) throw statusError(what, response, missing);
    return JSON.parse(response.text);
  }

  const kinds = new KindTable();
  const findKind = (apiVersion: string, kind: string, signal: AbortSignal) =>
    kinds.find(apiVersion, kind, (path) => call({ method: "GET", path, signal }, `ask for the kinds of ${apiVersion}`, "transient"));
  const pathOf = async (ref: ObjectRef, signal: AbortSignal) => objectPath(ref, await findKind(ref.apiVersion, ref.kind, signal));

  return {
    async get(ref, signal) {
      const response = await send({ method: "GET", path: await pathOf(ref, signal), signal });
      if (response.status === 404) return undefined;
      if (response.status >= 300) throw statusError(`read ${show(ref)}`, response);
      return JSON.parse(response.text) as KubernetesObject;
    },

    async list(apiVersion, kind, { namespace, labelSelector, fieldSelector }, signal) {
      const path = collectionPath(apiVersion, await findKind(apiVersion, kind, signal), namespace);
      const found: KubernetesObject[] = [];
      let next = "";
      do {
        const query = new URLSearchParams({ limit: `${pageSize}` });
        if (labelSelector !== undefined) query.set("labelSelector", labelSelector);
        if (fieldSelector !== undefined) query.set("fieldSelector", fieldSelector);
        if (next !== "") query.set("continue", next);
        const page = (await call({ method: "GET", path: `${path}?${query}`, signal }, `list ${kind}`)) as ListPage;
        // items of a list come without their kind
        found.push(...(page.items ?? []).map((item) => ({ ...item, apiVersion, kind })));
        next = page.metadata?.continue ?? "";
      } while (next !== "");
      return found;
    },

    async apply(object, { manager, dryRun = false }, signal) {
      const query = new URLSearchParams({ fieldManager: manager, force: "true", fieldValidation: "Strict" });
      if (dryRun) query.set("dryRun", "All");
      const path = `${await pathOf(object, signal)}?${query}`;
      const request = { method: "PATCH", path, body: object, contentType: "application/apply-patch+yaml", signal } as const;
      // missing is the namespace or the kind, and both may be on their way
      return (await call(request, `apply ${show(object)}`, "transient")) as KubernetesObject;
    },

    async patch(ref, patch, signal) {
      const path = `${await pathOf(ref, signal)}?fieldManager=kboot`;
      const request = { method: "PATCH", path, body: patch, contentType: "application/merge-patch+json", signal } as const;
      return (await call(request, `patch ${show(ref)}`)) as KubernetesObject;
    },

    async delete(ref, signal) {
      const path = `${await pathOf(ref, signal)}?propagationPolicy=Background`;
      const response = await send({ method: "DELETE", path, signal });
      if (response.status >= 300 && response.status !== 404) throw statusError(`delete ${show(ref)}`, response);
    },

    async evict(pod, signal) {
      const { name, namespace } = pod.metadata;
      const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
      const path = `${await pathOf(pod, signal)}/eviction`;
      const response = await send({ method: "POST", path, body, contentType: "application/json", signal });
      if (response.status >= 300 && response.status !== 404) throw statusError(`evict ${show(pod)}`, response);
    },

    async probe(path, signal) {
      try {
        return (await send({ method: "GET", path, signal })).status === 200;
      } catch (error) {
        if (canHeal(error)) return false;
        throw error;
      }
    },
  };
}

interface ListPage {
  readonly items?: readonly KubernetesObject[];
  readonly metadata?: { readonly continue?: string };
}

/** `ConfigMap kube-system/coredns`. */
function show({ kind, metadata }: ObjectRef): string {
  return `${kind} ${metadata.namespace === undefined ? "" : `${metadata.namespace}/`}${metadata.name}`;
}

/** An answer that is not success, with the API's own reason. */
function statusError(what: string, { status, text }: ApiResponse, missing: "final" | "transient" = "final"): KbootError {
  const { message, reason } = readStatus(text);
  const isTransient = (status === 404 && missing === "transient") || status === 409 || status === 429 || status >= 500;
  return new KbootError("api", `cannot ${what}: ${message ?? `the API answered ${status}`}`, {
    transient: isTransient,
    hint: hints[reason ?? ""],
    cause: new Error(`HTTP ${status}${reason === undefined ? "" : ` ${reason}`}`),
  });
}

/** True for an answer that says that one may not. Whether there is such a thing stays open. */
export function isForbidden(error: unknown): boolean {
  return error instanceof KbootError && error.cause instanceof Error && error.cause.message.startsWith("HTTP 403");
}

const hints: Readonly<Record<string, string>> = {
  Forbidden: "the credential may not do this: use one of an administrator",
  Unauthorized: "the API does not accept the credential: its CA may have been replaced, a token may have expired, or the clocks differ",
  Invalid: "an object with this name exists and cannot be changed like this: delete it, or correct the inventory",
};

function readStatus(text: string): { readonly message?: string; readonly reason?: string } {
  try {
    const { message, reason } = JSON.parse(text) as { message?: string; reason?: string };
    return { ...(message === undefined ? {} : { message }), ...(reason === undefined ? {} : { reason }) };
  } catch {
    return text.trim() === "" ? {} : { message: text.trim().slice(0, 300) };
  }
}
