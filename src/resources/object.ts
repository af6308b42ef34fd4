import type { KubernetesObject } from "../engine/contracts.ts";

/** An object of the cluster. */
export interface ObjectResource {
  readonly kind: "object";
  readonly object: KubernetesObject;
  /** Fields such as `data.Corefile` that are set when nobody has set them, then left to others. */
  readonly keep?: readonly string[];
}

/** An object resource. */
export function object(wish: KubernetesObject, options: { readonly keep?: readonly string[] } = {}): ObjectResource {
  return { kind: "object", object: wish, ...options };
}
