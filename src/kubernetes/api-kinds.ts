import type { ObjectRef } from "../engine/contracts.ts";
import { KbootError } from "../errors.ts";

/** How a kind stands in the API's paths. */
export interface KindInfo {
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Asks the API which kinds a version has: the answer of GET /api/v1 or /apis/GROUP/VERSION. */
export type Discover = (path: string) => Promise<unknown>;

const namespaced = (plural: string): KindInfo => ({ plural, namespaced: true });
const clusterWide = (plural: string): KindInfo => ({ plural, namespaced: false });

/** Kinds that kboot itself uses: they cost no request. */
const known: Readonly<Record<string, KindInfo>> = {
  "v1/ConfigMap": namespaced("configmaps"),
  "v1/Event": namespaced("events"),
  "v1/Namespace": clusterWide("namespaces"),
  "v1/Node": clusterWide("nodes"),
  "v1/Pod": namespaced("pods"),
  "v1/Secret": namespaced("secrets"),
  "v1/Service": namespaced("services"),
  "v1/ServiceAccount": namespaced("serviceaccounts"),
  "apps/v1/ControllerRevision": namespaced("controllerrevisions"),
  "apps/v1/DaemonSet": namespaced("daemonsets"),
  "apps/v1/Deployment": namespaced("deployments"),
  "apps/v1/ReplicaSet": namespaced("replicasets"),
  "certificates.k8s.io/v1/CertificateSigningRequest": clusterWide("certificatesigningrequests"),
  "rbac.authorization.k8s.io/v1/ClusterRole": clusterWide("clusterroles"),
  "rbac.authorization.k8s.io/v1/ClusterRoleBinding": clusterWide("clusterrolebindings"),
  "rbac.authorization.k8s.io/v1/Role": namespaced("roles"),
  "rbac.authorization.k8s.io/v1/RoleBinding": namespaced("rolebindings"),
};

/** Where an API version lives: /api/v1 or /apis/GROUP/VERSION. */
export function versionPath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** The path of a kind's objects, in one namespace or in all. */
export function collectionPath(apiVersion: string, kind: KindInfo, namespace: string | undefined): string {
  const inNamespace = kind.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${versionPath(apiVersion)}${inNamespace}/${kind.plural}`;
}

/** The path of one object. Without a namespace, one of a namespaced kind is in `default`. */
export function objectPath({ apiVersion, metadata }: ObjectRef, kind: KindInfo): string {
  return `${collectionPath(apiVersion, kind, metadata.namespace ?? "default")}/${encodeURIComponent(metadata.name)}`;
}

/** Finds kinds: those kboot uses in a table, others by asking once for each API version. */
export class KindTable {
  readonly #versions = new Map<string, ReadonlyMap<string, KindInfo>>();

  /** Throws KbootError `api`, transient since a CustomResourceDefinition may be on its way, for a kind that the API does not serve. */
  async find(apiVersion: string, kind: string, discover: Discover): Promise<KindInfo> {
    const cached = known[`${apiVersion}/${kind}`] ?? this.#versions.get(apiVersion)?.get(kind);
    if (cached !== undefined) return cached;
    const served = readResources(await discover(versionPath(apiVersion)));
    this.#versions.set(apiVersion, served);
    const found = served.get(kind);
    if (found !== undefined) return found;
    throw new KbootError("api", `the API does not serve ${kind} of ${apiVersion}`, { transient: true });
  }
}

function readResources(list: unknown): ReadonlyMap<string, KindInfo> {
  const { resources = [] } = list as { resources?: readonly { name: string; kind: string; namespaced: boolean }[] };
  // names with a slash are parts of an object, such as its status
  return new Map(
    resources.flatMap(({ name, kind, namespaced: isNamespaced }) =>
      name.includes("/") ? [] : [[kind, { plural: name, namespaced: isNamespaced }] as const],
    ),
  );
}
