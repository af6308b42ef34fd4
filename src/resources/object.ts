import pMap from "p-map";
import type { Api, ClusterKind, Item, KubernetesObject, ObjectRef } from "../engine/contracts.ts";
import { retry } from "../retry.ts";
import { compareObject, unset } from "./object-compare.ts";
import { onlyPaths, withoutPaths } from "./object-fields.ts";
import { claimFields, initialManager, isApplied, isKubeadms, managedFields, manager } from "./object-owners.ts";
import { compareSecrets, makeSecrets, type SecretValues } from "./object-secrets.ts";
import { partition } from "./partition.ts";

/** An object of the cluster. */
export interface ObjectResource {
  readonly kind: "object";
  readonly object: KubernetesObject;
  /** Fields such as `data.Corefile` that are set when nobody has set them, then left to others. */
  readonly keep?: readonly string[];
  /** Of a Secret: data that is set when it is not there, then never changed nor shown. The object itself has none. */
  readonly secrets?: SecretValues;
  /** It shall not be there, if it is kboot's. */
  readonly absent?: true;
}

/** What the API says of an object. */
export interface ObservedObject {
  /** Undefined when there is none. */
  readonly live: KubernetesObject | undefined;
}

/** An object resource. */
export function object(wish: KubernetesObject, options: Pick<ObjectResource, "keep" | "secrets"> = {}): ObjectResource {
  return { kind: "object", object: wish, ...options };
}

/** An object that kboot applied earlier and does not wish any more. */
export function absentObject({ apiVersion, kind, metadata }: ObjectRef): ObjectResource {
  return { kind: "object", object: { apiVersion, kind, metadata }, absent: true };
}

const requestsAtOnce = 6;
const retries = 6;

export const objectKind: ClusterKind<ObjectResource, ObservedObject> = {
  kind: "object",
  id: (resource) => `object:${idOf(resource.object)}`,
  async observe(resources, api, signal) {
    const found = await pMap(
      resources,
      async (resource) => [objectKind.id(resource), { live: await api.get(resource.object, signal) }] as const,
      { concurrency: requestsAtOnce },
    );
    return new Map(found);
  },
  compare(resource, observed) {
    if (resource.absent) {
      const isOurs = observed?.live !== undefined && managedFields(observed.live).some(isApplied);
      return isOurs ? [{ what: "object", from: "set by kboot", to: "absent" }] : [];
    }
    if (observed === undefined) return [{ what: "object", to: "known once the API answers", unsure: true }];
    if (observed.live === undefined) return [{ what: "object", to: "present" }];
    return [
      ...compareObject(resource.object, observed.live, resource.keep, leftToOthers(resource)),
      ...compareSecrets(resource.secrets ?? {}, observed.live),
    ];
  },
  async change(items, api, signal) {
    const [gone, there] = partition(items, ({ resource }) => resource.absent === true);
    await pMap(gone, ({ resource }) => heal(() => api.delete(resource.object, signal), signal), { concurrency: requestsAtOnce });
    for (const rank of [0, 1, 2]) {
      const now = there.filter(({ resource }) => rankOf(resource.object.kind) === rank);
      await pMap(now, (item) => heal(() => changeObject(item, api, signal), signal), { concurrency: requestsAtOnce });
    }
  },
};

/** `apps/v1/DaemonSet/kube-system/kube-proxy`. */
function idOf({ apiVersion, kind, metadata }: ObjectRef): string {
  return [apiVersion, kind, ...(metadata.namespace === undefined ? [] : [metadata.namespace]), metadata.name].join("/");
}

/** What others need to be there first, then the rest, then what starts pods. */
function rankOf(kind: string): 0 | 1 | 2 {
  if (kind === "Namespace" || kind === "CustomResourceDefinition") return 0;
  return ["DaemonSet", "Deployment", "StatefulSet", "Job", "CronJob", "Pod"].includes(kind) ? 2 : 1;
}

async function changeObject({ resource, observed }: Item<ObjectResource, ObservedObject>, api: Api, signal: AbortSignal): Promise<void> {
  const { object: wish, keep = [], secrets = {} } = resource;
  const { live } = observed;
  if (live !== undefined) await claim(live, resource, api, signal);
  const applied = await api.apply(withoutPaths(wish, keep), { manager }, signal);
  const missing = unset(applied, keep);
  if (missing.length > 0) await applyInitial(wish, missing, api, signal);
  const data = makeSecrets(secrets, applied);
  const paths = Object.keys(data).map((key) => `data.${key}`);
  if (paths.length > 0) await applyInitial({ ...wish, data }, paths, api, signal);
}

/** Who made a Secret's data does not matter. */
function leftToOthers({ secrets }: ObjectResource): readonly string[] {
  return secrets === undefined ? [] : ["data"];
}

/** Sets fields under the manager whose fields kboot never sends again, so that they stay when others change them. */
async function applyInitial(from: KubernetesObject, paths: readonly string[], api: Api, signal: AbortSignal): Promise<void> {
  const { apiVersion, kind, metadata } = from;
  const identity = { name: metadata.name, ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }) };
  const partial = { ...onlyPaths(from, paths), apiVersion, kind, metadata: identity };
  await api.apply(partial, { manager: initialManager }, signal);
}

/**
 * Makes kboot's what kubeadm has set and what others have added, since an apply does not remove what another manager set. Fields to keep of an
 * object of kubeadm's get an owner of their own before, or the next apply would remove them.
 */
async function claim(live: KubernetesObject, resource: ObjectResource, api: Api, signal: AbortSignal): Promise<void> {
  const { object: wish, keep = [] } = resource;
  const others = leftToOthers(resource);
  if (claimFields(managedFields(live), wish, others) === undefined) return;
  if (keep.length > 0 && isKubeadms(managedFields(live))) await applyInitial(live, keep, api, signal);
  // read again: a second attempt must not send an old resourceVersion
  const current = await api.get(live, signal);
  const entries = current && claimFields(managedFields(current), wish, others);
  if (entries === undefined) return;
  const { resourceVersion } = current?.metadata ?? {};
  await api.patch(live, { metadata: { resourceVersion, managedFields: entries } }, signal);
}

/** Tries again what can heal: a namespace on its way, a conflict, an API that restarts. */
function heal<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  return retry(attempt, { retries, firstMs: 250, mostMs: 4000, signal });
}
