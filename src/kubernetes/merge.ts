import { isMap } from "../is-map.ts";

/** A map of a configuration, free in form. */
export type Settings = Readonly<Record<string, unknown>>;

/** The first map with the second over it: maps are merged, anything else is replaced, null removes. Neither is changed. */
export function mergeDeep(base: Settings, over: Settings): Record<string, unknown> {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = result[key];
    if (value === null) delete result[key];
    else if (isMap(value)) result[key] = mergeDeep(isMap(before) ? before : {}, value);
    else result[key] = value;
  }
  return result;
}
