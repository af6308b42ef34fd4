import type { MergeKeys } from "./merge-keys.ts";

type Value = Readonly<Record<string, unknown>>;

const directive = "$patch";
const retainKeys = "$retainKeys";
const deleteFrom = "$deleteFromPrimitiveList/";

/**
 * A strategic merge patch over an object, with the results of k8s.io/apimachinery (pkg/util/strategicpatch, 1.36): maps are merged, null removes,
 * lists of `keys` are merged by their elements' key, and any other list is replaced. It knows `$patch`, `$retainKeys` and
 * `$deleteFromPrimitiveList`. Neither value is changed. Throws Error that names the field for a patch that makes no sense there.
 */
export function strategicMerge(original: Value, patch: Value, keys: MergeKeys): Value {
  return mergeMap(original, patch, "", keys);
}

function mergeMap(original: Value, patch: Value, path: string, keys: MergeKeys): Value {
  if (directive in patch) {
    const { [directive]: how, ...rest } = patch;
    if (how === "delete") return {};
    if (how === "replace") return plainMap(rest, path);
    throw wrong(path, `$patch: ${JSON.stringify(how)} is not known; write delete or replace`);
  }
  const result: Record<string, unknown> = retained(original, patch, path);
  for (const [name, value] of Object.entries(patch)) {
    if (name === retainKeys) continue;
    if (name.startsWith(deleteFrom)) {
      const field = name.slice(deleteFrom.length);
      if (result[field] !== undefined) result[field] = without(result[field], value, join(path, field));
      continue;
    }
    const at = join(path, name);
    if (name.startsWith("$"))
      throw wrong(at, "this directive is not known; a patch may hold $patch, $retainKeys and $deleteFromPrimitiveList");
    const merged = merge(result[name], value, at, keys);
    if (merged === undefined) delete result[name];
    else result[name] = merged;
  }
  return result;
}

/** Undefined: the field is to go. */
function merge(before: unknown, value: unknown, path: string, keys: MergeKeys): unknown {
  if (value === null) return undefined;
  if (isMap(before) && isMap(value)) return mergeMap(before, value, path, keys);
  if (Array.isArray(before) && Array.isArray(value)) {
    const key = keys[path];
    return key === undefined ? plain(value, path) : mergeList(before, value, key, path, keys);
  }
  return taken(value);
}

/** A value where there was none of its kind: directives have nothing to act on there, so what carries `$patch` stays away. */
function taken(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((element) => !isMap(element) || !(directive in element)).map(taken);
  if (!isMap(value)) return value;
  if (directive in value) return undefined;
  const entries = Object.entries(value).map(([name, inner]) => [name, inner === null || name.startsWith("$") ? undefined : taken(inner)]);
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
}

function retained(original: Value, patch: Value, path: string): Record<string, unknown> {
  const names = patch[retainKeys];
  if (names === undefined) return { ...original };
  if (!Array.isArray(names)) throw wrong(join(path, retainKeys), "must be a list of fields");
  const lost = Object.entries(patch).find(([name, value]) => value !== null && !name.startsWith("$") && !names.includes(name));
  if (lost !== undefined) throw wrong(join(path, lost[0]), "is set by the patch and not in its $retainKeys; add it there");
  return Object.fromEntries(Object.entries(original).filter(([name]) => names.includes(name)));
}

function without(list: unknown, gone: unknown, path: string): unknown {
  if (!Array.isArray(gone)) throw wrong(path, "$deleteFromPrimitiveList must be a list");
  if (!Array.isArray(list) || list.some(isMap))
    throw wrong(path, "is no list of plain values, of which $deleteFromPrimitiveList takes some away");
  return list.filter((element) => !gone.includes(element));
}

function mergeList(
  original: readonly unknown[],
  patch: readonly unknown[],
  key: string,
  path: string,
  keys: MergeKeys,
): readonly unknown[] {
  if (key === "primitive") {
    return inOrder([...new Set([...original, ...patch])], patch, original, (element) => element);
  }
  const elements = patch.map((element) => {
    if (!isMap(element)) throw wrong(path, `has elements that are maps with ${key}, and the patch has ${JSON.stringify(element)}`);
    if (element[key] === undefined && element[directive] !== "replace") {
      throw wrong(path, `each element of a patch needs ${key}, by which the one to change is found`);
    }
    return element;
  });
  const [special, ordinary] = [elements.filter((element) => directive in element), elements.filter((element) => !(directive in element))];
  const strange = special.find(({ [directive]: how }) => how !== "delete" && how !== "replace");
  if (strange !== undefined) throw wrong(path, `$patch: ${JSON.stringify(strange[directive])} is not known; write delete or replace`);
  if (special.some(({ [directive]: how }) => how === "replace")) {
    const order = ordinary.map((element) => element[key]);
    return ordinary.toSorted((a, b) => order.indexOf(a[key]) - order.indexOf(b[key])).map((element) => plainMap(element, path));
  }
  const gone = new Set(special.map((element) => element[key]));
  const kept = original.filter((element): element is Value => isMap(element) && !gone.has(element[key]));
  const merged = [...kept];
  for (const element of ordinary) {
    const at = merged.findIndex((one) => one[key] === element[key]);
    const before = merged[at];
    if (before === undefined) merged.push(plainMap(element, path));
    else merged[at] = mergeMap(before, element, path, keys);
  }
  return inOrder(merged, ordinary, kept, (element) => (element as Value)[key]);
}

/**
 * Elements of the patch in its order, the others in theirs. One of these comes first only before an element that was behind it; so what is new
 * stands as far in front as the patch's order lets it.
 */
function inOrder(
  merged: readonly unknown[],
  patch: readonly unknown[],
  original: readonly unknown[],
  keyOf: (element: unknown) => unknown,
): readonly unknown[] {
  const order = patch.map(keyOf);
  const before = original.map(keyOf);
  const patched = merged
    .filter((element) => order.includes(keyOf(element)))
    .toSorted((a, b) => order.indexOf(keyOf(a)) - order.indexOf(keyOf(b)));
  const others = merged.filter((element) => !order.includes(keyOf(element)));
  const result: unknown[] = [];
  for (const element of patched) {
    const place = before.indexOf(keyOf(element));
    while (others.length > 0 && place >= 0 && before.indexOf(keyOf(others[0])) < place) result.push(others.shift());
    result.push(element);
  }
  return [...result, ...others];
}

/** A value as it stands in the patch: what is new in a list or replaced whole has nothing for a directive to act on, so it may hold none. */
function plain(value: unknown, path: string): unknown {
  if (Array.isArray(value)) return value.map((element) => plain(element, path));
  return isMap(value) ? plainMap(value, path) : value;
}

function plainMap(value: Value, path: string): Value {
  const strange = Object.keys(value).find((name) => name.startsWith("$") && name !== retainKeys);
  if (strange !== undefined) throw wrong(path, `is new or replaced whole, so ${strange} has no meaning there; take it out`);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, inner]) => inner !== null && name !== retainKeys)
      .map(([name, inner]) => [name, plain(inner, join(path, name))]),
  );
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function wrong(path: string, message: string): Error {
  return new Error(path === "" ? message : `${path} ${message}`);
}

function isMap(value: unknown): value is Value {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
