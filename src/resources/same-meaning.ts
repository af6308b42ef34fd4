import { isMap } from "../is-map.ts";

/**
 * True when two parsed documents mean the same: zero values (null, "", 0s, {}, []) that one of them leaves out do not matter, as Go
 * programs write a type whole. Order matters in lists only.
 */
export function sameMeaning(a: unknown, b: unknown): boolean {
  if (isZero(a) && isZero(b)) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, index) => sameMeaning(item, b[index]));
  if (isMap(a) && isMap(b)) return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => sameMeaning(a[key], b[key]));
  return a === b;
}

function isZero(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === "0s") return true;
  if (Array.isArray(value)) return value.length === 0;
  return isMap(value) && Object.values(value).every(isZero);
}
