import type { ObjectRef } from "../engine/contracts.ts";
import { type ObjectResource, object } from "../resources/object.ts";
import { configMap } from "./build.ts";

/** Name of the ConfigMap, in kube-system. */
export const kbootObjectsName = "kboot-objects";

/** ConfigMap kboot-objects: what kboot has applied, a line each, so that what it no longer wishes can be found and removed. */
export function kbootObjects(refs: readonly ObjectRef[]): ObjectResource {
  const lines = new Set(refs.map(refLine));
  return object(configMap({ name: kbootObjectsName, namespace: "kube-system" }, { objects: `${[...lines].sort().join("\n")}\n` }));
}

/** `apps/v1 DaemonSet kube-system kube-proxy`; the namespace is `-` where there is none. */
export function refLine({ apiVersion, kind, metadata }: ObjectRef): string {
  return [apiVersion, kind, metadata.namespace ?? "-", metadata.name].join(" ");
}

/** What the ConfigMap's text names; lines that are no such thing are passed over. */
export function readRefs(text = ""): readonly ObjectRef[] {
  return text.split("\n").flatMap((line) => {
    const [apiVersion, kind, namespace, name, ...more] = line.split(" ");
    if (!apiVersion || !kind || !namespace || !name || more.length > 0) return [];
    return [{ apiVersion, kind, metadata: { name, ...(namespace === "-" ? {} : { namespace }) } }];
  });
}
