import { parse } from "yaml";
import type { Difference, KubernetesObject } from "../engine/contracts.ts";
import { isMap } from "../is-map.ts";
import { fieldsBeyond, hasKey, itemKey, owns, valueAt, withoutPaths } from "./object-fields.ts";
import { foreignFields, isApplied, managedFields } from "./object-owners.ts";
import { sameMeaning } from "./same-meaning.ts";

/** Maps of free keys: an empty text is a value there. Elsewhere the API leaves out zero values. */
const freeMaps = new Set(["labels", "annotations", "nodeSelector", "matchLabels", "data", "stringData", "limits", "requests"]);

/**
 * Ways in which the live object is not as wished: fields of the wish that are absent or different, fields that kboot set earlier and
 * no longer wishes, fields to keep that nobody has set, and fields that others have added since kboot applied it, but for those in `others`.
 */
export function compareObject(
  wish: KubernetesObject,
  live: KubernetesObject,
  keep: readonly string[] = [],
  others: readonly string[] = [],
): Difference[] {
  const always = withoutPaths(wish, keep);
  const { apiVersion: _version, kind: _kind, ...fields } = always;
  const differences = Object.entries(fields).flatMap(([key, value]) => compareValue(value, live[key], key, key));
  const own = managedFields(live).find(isApplied);
  for (const { path } of fieldsBeyond(own?.fieldsV1 ?? {}, always)) differences.push({ what: path, from: "set by kboot", to: "absent" });
  for (const { path, entry } of own === undefined ? [] : foreignFields(managedFields(live), wish, others)) {
    differences.push({ what: path, from: `set by ${entry.manager}`, to: "absent" });
  }
  for (const what of unset(live, keep)) differences.push({ what, to: show(valueAt(wish, what)) });
  return differences;
}

/** The paths of `keep` that nobody has set; a value that the API itself filled in has no owner. */
export function unset(live: KubernetesObject, keep: readonly string[]): string[] {
  return keep.filter((path) => !managedFields(live).some((entry) => owns(entry, path)));
}

function compareValue(wish: unknown, live: unknown, path: string, name: string): Difference[] {
  if (live === undefined && isAbsence(wish, name)) return [];
  if (isMap(wish) && isMap(live)) {
    const childName = (key: string) => (freeMaps.has(name) ? "" : key);
    return Object.entries(wish).flatMap(([key, value]) =>
      freeMaps.has(name) && live[key] === undefined
        ? [{ what: `${path}.${key}`, to: show(value) }]
        : compareValue(value, live[key], `${path}.${key}`, childName(key)),
    );
  }
  if (Array.isArray(wish) && Array.isArray(live)) return compareList(wish, live, path, name);
  if (wish === live || sameDocument(wish, live)) return [];
  return [{ what: path, ...(live === undefined ? {} : { from: show(live) }), to: show(wish) }];
}

function compareList(wish: readonly unknown[], live: readonly unknown[], path: string, name: string): Difference[] {
  const keys = wish.map((item) => itemKey(name, item));
  if (keys.length > 0 && keys.every((key) => key !== undefined)) {
    return wish.flatMap((item, index) => {
      const key = keys[index] ?? {};
      const found = live.find((other) => hasKey(other, key));
      const here = `${path}[${Object.values(key).join(" ")}]`;
      return found === undefined ? [{ what: here, to: show(item) }] : compareValue(item, found, here, "");
    });
  }
  if (wish.length !== live.length) return [{ what: path, from: show(live), to: show(wish) }];
  return wish.flatMap((item, index) => compareValue(item, live[index], `${path}[${index}]`, ""));
}

/** A wished value that the API shows by leaving the field out. */
function isAbsence(wish: unknown, name: string): boolean {
  if (wish === null || wish === undefined || wish === "" || wish === false || wish === 0) return true;
  if (Array.isArray(wish)) return wish.length === 0;
  return freeMaps.has(name) && isMap(wish) && Object.keys(wish).length === 0;
}

/** Texts that hold the same YAML document, as ConfigMaps do: who wrote it does not matter. */
function sameDocument(a: unknown, b: unknown): boolean {
  if (typeof a !== "string" || typeof b !== "string" || !a.includes("\n")) return false;
  try {
    const [left, right]: unknown[] = [parse(a), parse(b)];
    return isMap(left) && isMap(right) && sameMeaning(left, right);
  } catch {
    return false;
  }
}

function show(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
