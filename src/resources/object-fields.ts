import { isMap } from "../is-map.ts";

/** Who set which fields of an object, as the API records it in metadata.managedFields. */
export interface ManagedFields {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly subresource?: string;
  readonly apiVersion?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: FieldSet;
  readonly time?: string;
}

/** `f:NAME` for a key of a map, `k:{...}` for an item of a list by its keys, `v:...` for an item of a set, `.` for the thing itself. */
export interface FieldSet {
  readonly [key: string]: FieldSet;
}

/** Lists whose items have an identity: the fields that make it (x-kubernetes-list-map-keys of the API's types, v1.36). */
const listKeys: Readonly<Record<string, readonly (readonly string[])[]>> = {
  containers: [["name"]],
  initContainers: [["name"]],
  ephemeralContainers: [["name"]],
  volumes: [["name"]],
  env: [["name"]],
  volumeMounts: [["mountPath"]],
  volumeDevices: [["devicePath"]],
  imagePullSecrets: [["name"]],
  // of a container, then of a Service
  ports: [
    ["containerPort", "protocol"],
    ["port", "protocol"],
  ],
  hostAliases: [["ip"]],
  topologySpreadConstraints: [["topologyKey", "whenUnsatisfiable"]],
  ownerReferences: [["uid"]],
  secrets: [["name"]],
};

/** What the API fills in where a key of an item is not given. */
const keyDefaults: Readonly<Record<string, unknown>> = { protocol: "TCP" };

export type Item = Readonly<Record<string, unknown>>;

/** The identity of an item in the list of this name, or undefined when the list is one value as a whole. */
export function itemKey(listName: string, item: unknown): Item | undefined {
  if (!isMap(item)) return undefined;
  const names = listKeys[listName]?.find(([first = ""]) => item[first] !== undefined);
  return names && Object.fromEntries(names.map((name) => [name, item[name] ?? keyDefaults[name]]));
}

/** True when the item has these values in its key fields. */
export function hasKey(item: unknown, key: Item): boolean {
  return isMap(item) && Object.entries(key).every(([name, value]) => (item[name] ?? keyDefaults[name]) === value);
}

/** The value at a path such as `spec.replicas`. */
export function valueAt(object: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (isMap(value) ? value[key] : undefined), object);
}

/** The object with only these paths, where it has them. */
export function onlyPaths(object: Item, paths: readonly string[]): Item {
  const result: Record<string, unknown> = {};
  for (const path of paths) {
    const value = valueAt(object, path);
    if (value === undefined) continue;
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    let at = result;
    for (const key of keys) {
      const inner = (at[key] ?? {}) as Record<string, unknown>;
      at[key] = inner;
      at = inner;
    }
    at[last] = value;
  }
  return result;
}

/** The object without these paths. */
export function withoutPaths<T extends Item>(object: T, paths: readonly string[]): T {
  return paths.reduce<T>((result, path) => withoutPath(result, path.split(".")) as T, object);
}

function withoutPath(value: unknown, [key = "", ...rest]: readonly string[]): unknown {
  if (!isMap(value) || value[key] === undefined) return value;
  if (rest.length > 0) return { ...value, [key]: withoutPath(value[key], rest) };
  const { [key]: _removed, ...kept } = value;
  return kept;
}

/** True when a manager has set the field at the path, or something inside it. */
export function owns({ fieldsV1 }: ManagedFields, path: string): boolean {
  let at: FieldSet | undefined = fieldsV1;
  for (const key of path.split(".")) at = at?.[`f:${key}`];
  return at !== undefined;
}

/** A field that a field set names. */
export interface NamedField {
  /** For people: `spec.template.spec.containers[dns].env`. */
  readonly path: string;
  /** The way to it in the field set. */
  readonly keys: readonly string[];
}

/** Fields that a field set names and the wish does not have, the outermost of each: applying the wish removes those that are kboot's own. */
export function fieldsBeyond(fields: FieldSet, wish: unknown, at: NamedField = { path: "", keys: [] }): NamedField[] {
  return Object.entries(fields).flatMap(([field, inner]) => {
    const kind = field.slice(0, 2);
    const text = field.slice(2);
    const keys = [...at.keys, field];
    if (kind === "f:") {
      const value = isMap(wish) ? wish[text] : undefined;
      const here = { path: at.path === "" ? text : `${at.path}.${text}`, keys };
      return value === undefined || value === null ? [here] : fieldsBeyond(inner, value, here);
    }
    if (kind === "k:" || kind === "v:") {
      const key: unknown = JSON.parse(text);
      const item = Array.isArray(wish) ? wish.find((one) => (kind === "k:" && isMap(key) ? hasKey(one, key) : one === key)) : undefined;
      const here = { path: `${at.path}[${isMap(key) ? Object.values(key).join(" ") : key}]`, keys };
      return item === undefined ? [here] : fieldsBeyond(inner, item, here);
    }
    return [];
  });
}

/** The field set with this field, and all that is in it, as `from` has it. */
export function withField(fields: FieldSet, from: FieldSet, [key = "", ...rest]: readonly string[]): FieldSet {
  const inner = from[key] ?? {};
  return { ...fields, [key]: rest.length === 0 ? inner : withField(fields[key] ?? {}, inner, rest) };
}

/** The field set without this field. What held nothing else goes with it, as a set without members names the thing itself. */
export function withoutField(fields: FieldSet, [key = "", ...rest]: readonly string[]): FieldSet {
  const { [key]: found, ...others } = fields;
  const left = found === undefined || rest.length === 0 ? {} : withoutField(found, rest);
  return Object.keys(left).length === 0 ? others : { ...others, [key]: left };
}
