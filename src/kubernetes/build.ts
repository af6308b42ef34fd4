import { createHash } from "node:crypto";
import type { RbacV1Subject, V1PolicyRule } from "@kubernetes/client-node";
import type { KubernetesObject } from "../engine/contracts.ts";
import { type ObjectResource, object } from "../resources/object.ts";

const rbac = "rbac.authorization.k8s.io";

/** Name, namespace, labels and annotations of an object. */
export type Metadata = KubernetesObject["metadata"];

export function configMap(metadata: Metadata, data: Readonly<Record<string, string>>): KubernetesObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data };
}

export function serviceAccount(metadata: Metadata): ObjectResource {
  return object({ apiVersion: "v1", kind: "ServiceAccount", metadata });
}

/** A Role where the metadata has a namespace, else a ClusterRole. */
export function role(metadata: Metadata, rules: readonly V1PolicyRule[]): ObjectResource {
  const kind = metadata.namespace === undefined ? "ClusterRole" : "Role";
  return object({ apiVersion: `${rbac}/v1`, kind, metadata, rules });
}

/** A RoleBinding where the metadata has a namespace, else a ClusterRoleBinding. */
export function binding(
  metadata: Metadata,
  roleKind: "Role" | "ClusterRole",
  roleName: string,
  subjects: readonly RbacV1Subject[],
): ObjectResource {
  const kind = metadata.namespace === undefined ? "ClusterRoleBinding" : "RoleBinding";
  return object({
    apiVersion: `${rbac}/v1`,
    kind,
    metadata,
    roleRef: { apiGroup: rbac, kind: roleKind, name: roleName },
    subjects,
  });
}

export function group(name: string): RbacV1Subject {
  return { apiGroup: rbac, kind: "Group", name };
}

export function user(name: string): RbacV1Subject {
  return { apiGroup: rbac, kind: "User", name };
}

export function account(namespace: string, name: string): RbacV1Subject {
  return { kind: "ServiceAccount", name, namespace };
}

/** Leave to get one object by name. */
export function mayGet(resource: string, name: string): V1PolicyRule {
  return { apiGroups: [""], resourceNames: [name], resources: [resource], verbs: ["get"] };
}

/** An annotation for a pod template, so that pods are replaced when the configuration that they read at start changes. */
export function configHash(data: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return { "kboot.dev/config-hash": createHash("sha256").update(JSON.stringify(data)).digest("hex").slice(0, 16) };
}
