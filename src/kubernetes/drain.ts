import type { Api, KubernetesObject } from "../engine/contracts.ts";
import { waitFor } from "../engine/wait.ts";
import { KbootError } from "../errors.ts";

/** The reference of a node. */
export function nodeRef(name: string) {
  return { apiVersion: "v1", kind: "Node", metadata: { name } } as const;
}

/** Annotation of a node that kboot has cordoned. It is written in one request with the cordon, so neither is there without the other. */
export const cordonAnnotation = "kboot.dev/cordoned";

/**
 * Keeps new pods off a node and lets those that run there leave it, as disruption budgets allow. Pods of DaemonSets and of the node itself stay.
 * A node that others have cordoned already stays theirs. Returns the names of those that have not left in time.
 */
export async function drainNode(
  api: Api,
  { metadata: { name: node }, spec }: KubernetesObject,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if ((spec as { readonly unschedulable?: boolean } | undefined)?.unschedulable !== true) {
    const cordon = { metadata: { annotations: { [cordonAnnotation]: "by kboot reset" } }, spec: { unschedulable: true } };
    await api.patch(nodeRef(node), cordon, signal);
  }
  let left: readonly KubernetesObject[] = [];
  const evictAll = async () => {
    left = (await api.list("v1", "Pod", {}, signal)).filter((pod) => leaves(pod, node));
    await Promise.all(left.map((pod) => evict(api, pod, signal)));
    return left.length === 0 ? true : undefined;
  };
  try {
    await waitFor({ what: `pods to leave ${node}`, timeoutSeconds, intervalMs: 1000, signal, hint: "" }, evictAll);
  } catch (error) {
    if (!(error instanceof KbootError && error.code === "timeout")) throw error;
  }
  return left.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
}

/** A budget that forbids it now may allow it when others have gone. */
async function evict(api: Api, pod: KubernetesObject, signal: AbortSignal): Promise<void> {
  if (pod.metadata["deletionTimestamp"] !== undefined) return;
  try {
    await api.evict(pod, signal);
  } catch (error) {
    if (!(error instanceof KbootError && error.transient)) throw error;
  }
}

function leaves({ metadata, spec, status }: KubernetesObject, node: string): boolean {
  const owners = (metadata["ownerReferences"] ?? []) as readonly { readonly kind: string }[];
  const { nodeName } = (spec ?? {}) as { readonly nodeName?: string };
  const { phase } = (status ?? {}) as { readonly phase?: string };
  return (
    nodeName === node && phase !== "Succeeded" && phase !== "Failed" && !owners.some(({ kind }) => kind === "DaemonSet" || kind === "Node")
  );
}
