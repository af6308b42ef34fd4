import type { Api, KubernetesObject } from "../engine/contracts.ts";

interface OwnedShape {
  readonly metadata: {
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly uid: string }[];
  };
  /** Of a ControllerRevision. */
  readonly revision?: number;
}

const hashLabel = "controller-revision-hash";

/**
 * Pods of a workload (`DaemonSet/kube-system/kube-proxy`) in the form that it is to have now: those of former forms are still there while they are
 * replaced. With `node`, only those on that node.
 */
export async function newestPods(
  api: Api,
  workload: string,
  node: string | undefined,
  signal: AbortSignal,
): Promise<readonly KubernetesObject[]> {
  const [kind, namespace = "", name = ""] = workload.split("/");
  const list = async (apiVersion: string, listed: string, fieldSelector?: string) => {
    const options = { namespace, ...(fieldSelector !== undefined && { fieldSelector }) };
    return (await api.list(apiVersion, listed, options, signal)) as unknown as readonly (OwnedShape & KubernetesObject)[];
  };
  const ownedBy = (object: OwnedShape, ownerKind: string, owner: (reference: { name: string; uid: string }) => boolean) =>
    object.metadata.ownerReferences?.some((reference) => reference.kind === ownerKind && owner(reference)) ?? false;
  const isWorkload = (object: OwnedShape) => ownedBy(object, kind ?? "", (owner) => owner.name === name);
  const [pods, forms] = await Promise.all([
    list("v1", "Pod", node === undefined ? undefined : `spec.nodeName=${node}`),
    list("apps/v1", kind === "DaemonSet" ? "ControllerRevision" : "ReplicaSet"),
  ]);
  const own = forms.filter(isWorkload);
  if (kind === "DaemonSet") {
    const hash = latest(own, ({ revision }) => revision)?.metadata.labels?.[hashLabel];
    return pods.filter((pod) => isWorkload(pod) && pod.metadata.labels?.[hashLabel] === hash);
  }
  const newest = latest(own, ({ metadata }) => Number(metadata.annotations?.["deployment.kubernetes.io/revision"]));
  return pods.filter((pod) => ownedBy(pod, "ReplicaSet", ({ uid }) => uid === newest?.metadata.uid));
}

function latest<T>(objects: readonly T[], revision: (object: T) => number | undefined): T | undefined {
  return objects.toSorted((one, other) => (revision(other) ?? 0) - (revision(one) ?? 0))[0];
}
