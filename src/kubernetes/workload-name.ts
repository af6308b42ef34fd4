import type { ObjectRef } from "../engine/contracts.ts";

/** A DaemonSet or Deployment as Live names it: `DaemonSet/kube-system/kube-proxy`. */
export function workloadName({ kind, metadata }: ObjectRef): string {
  return `${kind}/${metadata.namespace}/${metadata.name}`;
}
