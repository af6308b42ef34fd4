import type { KubernetesObject } from "../engine/contracts.ts";
import { type FieldSet, fieldsBeyond, type ManagedFields, type NamedField, withField, withoutField } from "./object-fields.ts";

/** The field manager of what kboot wishes, and the one of fields that it sets once and then leaves to others. */
export const manager = "kboot";
export const initialManager = "kboot-initial";

/** It signs cluster-info for each bootstrap token, in the object's data. */
const controllers = ["kube-controller-manager"];

/** What an object records of who set its fields. */
export function managedFields(object: KubernetesObject): readonly ManagedFields[] {
  return (object.metadata.managedFields ?? []) as readonly ManagedFields[];
}

/** True for what kboot itself has applied. */
export function isApplied(entry: ManagedFields): boolean {
  return entry.manager === manager && entry.operation === "Apply" && !entry.subresource;
}

interface ForeignField extends NamedField {
  /** Where it is recorded. */
  readonly entry: ManagedFields;
}

/**
 * Fields that somebody else has added to an object of kboot's. That they were added is known from who set them, not from a comparison of lists:
 * what the API fills in by itself has no owner, so no table of defaults is needed. Labels and annotations are for everyone, those of a pod's
 * template too, where `kubectl rollout restart` writes. Subresources (status, scale) belong to controllers. `others`: maps that are left to others.
 */
export function foreignFields(
  entries: readonly ManagedFields[],
  wish: KubernetesObject,
  others: readonly string[] = [],
): readonly ForeignField[] {
  const left = ["metadata", "status", "spec.template.metadata.annotations", ...others];
  const found = entries.filter(isForeign).flatMap((entry) =>
    fieldsBeyond(entry.fieldsV1 ?? {}, wish)
      .filter(({ path }) => !left.some((one) => path === one || path.startsWith(`${one}.`)))
      .map((field) => ({ ...field, entry })),
  );
  // the API sorts its record by time, in whole seconds
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function isForeign({ manager: name, subresource }: ManagedFields): boolean {
  return ![manager, initialManager, ...controllers].includes(name) && !subresource;
}

/**
 * The record in which what others have added is kboot's, so that its next apply, which does not send it, removes it; undefined when there is
 * nothing to claim. Of kubeadm, which made the object before, all fields become kboot's.
 */
export function claimFields(
  entries: readonly ManagedFields[],
  wish: KubernetesObject,
  others: readonly string[] = [],
): readonly ManagedFields[] | undefined {
  const inherited = isKubeadms(entries)
    ? entries.map((entry) => (isFromKubeadm(entry) ? { ...entry, manager, operation: "Apply" as const } : entry))
    : entries;
  const foreign = foreignFields(inherited, wish, others);
  if (foreign.length === 0) return inherited === entries ? undefined : inherited;
  const own = inherited.find(isApplied) ?? {
    manager,
    operation: "Apply",
    apiVersion: wish.apiVersion,
    fieldsType: "FieldsV1",
    fieldsV1: {},
  };
  const claimed = foreign.reduce((fields, { entry, keys }) => withField(fields, entry.fieldsV1 ?? {}, keys), own.fieldsV1 ?? {});
  const rest = inherited.filter((entry) => !isApplied(entry)).flatMap((entry) => withoutThese(entry, foreign));
  return [{ ...own, fieldsV1: claimed }, ...rest];
}

/** The entry without those of these fields that are its own; none where nothing else is left. */
function withoutThese(entry: ManagedFields, gone: readonly ForeignField[]): readonly ManagedFields[] {
  const own = gone.filter((field) => field.entry === entry);
  if (own.length === 0) return [entry];
  const fieldsV1 = own.reduce<FieldSet>((left, { keys }) => withoutField(left, keys), entry.fieldsV1 ?? {});
  return Object.keys(fieldsV1).length === 0 ? [] : [{ ...entry, fieldsV1 }];
}

/** True for an object that kubeadm made and kboot has not applied yet. */
export function isKubeadms(entries: readonly ManagedFields[]): boolean {
  return entries.some(isFromKubeadm) && !entries.some(isApplied);
}

function isFromKubeadm({ manager: name, operation, subresource }: ManagedFields): boolean {
  return name === "kubeadm" && operation === "Update" && !subresource;
}
