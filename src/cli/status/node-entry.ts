import type { KubernetesObject } from "../../engine/contracts.ts";
import { type LiveNode, readNode } from "../../kubernetes/live.ts";

/** A node, with what people ask of it beyond its being ready. */
export interface NodeEntry extends LiveNode {
  /** `containerd://2.2.9`. */
  readonly runtime: string;
  /** Why it is not ready, in Kubernetes' words. */
  readonly why: string | undefined;
}

interface NodeShape {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
    readonly nodeInfo?: { readonly containerRuntimeVersion?: string };
  };
}

export function readNodeEntry(object: KubernetesObject): NodeEntry {
  const { status } = object as unknown as NodeShape;
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return {
    ...readNode(object),
    runtime: status?.nodeInfo?.containerRuntimeVersion ?? "",
    why: ready?.status === "True" ? undefined : (ready?.message ?? "it has not said anything yet"),
  };
}
