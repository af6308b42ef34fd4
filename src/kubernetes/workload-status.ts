import type { KubernetesObject } from "../engine/contracts.ts";

/** How far a DaemonSet or Deployment is. */
export interface WorkloadStatus {
  /** `DaemonSet/kube-system/kube-proxy`. */
  readonly name: string;
  readonly ready: number;
  readonly wished: number;
  /** Runs as wished, on every ready node if it is a DaemonSet. */
  readonly ok: boolean;
  /** Of its first container, with tag. */
  readonly image: string;
}

interface WorkloadShape {
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: { readonly spec?: { readonly containers?: readonly { readonly image?: string }[] } };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly desiredNumberScheduled?: number;
    readonly updatedNumberScheduled?: number;
    readonly numberReady?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

/** Judges a DaemonSet or Deployment. Nodes that are down do not count for a DaemonSet: their pods cannot become ready. */
export function readWorkload(object: KubernetesObject, readyNodes: number): WorkloadStatus {
  const { spec, status = {} } = object as unknown as WorkloadShape;
  const { kind, metadata } = object;
  const isObserved = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const own = { name: `${kind}/${metadata.namespace}/${metadata.name}`, image: spec?.template?.spec?.containers?.[0]?.image ?? "" };
  if (kind === "DaemonSet") {
    const { desiredNumberScheduled: wished = 0, updatedNumberScheduled = 0, numberReady: ready = 0 } = status;
    return { ...own, ready, wished, ok: isObserved && updatedNumberScheduled === wished && ready >= Math.min(wished, readyNodes) };
  }
  const { updatedReplicas = 0, availableReplicas: ready = 0 } = status;
  const wished = spec?.replicas ?? 1;
  return { ...own, ready, wished, ok: isObserved && updatedReplicas >= wished && ready >= wished };
}
