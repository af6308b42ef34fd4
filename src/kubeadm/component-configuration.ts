import { isDeepStrictEqual } from "node:util";
import { isMap } from "../is-map.ts";
import type { Settings } from "../kubernetes/merge.ts";
import { sameMeaning } from "../resources/same-meaning.ts";

/** Fields whose empty value is a choice, and not the same as none: Go has a pointer there. */
const meaningful = new Set(["resolvConf", "conntrack.tcpEstablishedTimeout", "conntrack.tcpCloseWaitTimeout"]);

/**
 * What a component's configuration says beyond `defaults`: merged over them, it makes a configuration that means the same. A field that
 * has the zero value that Go writes for it says nothing. One that is left out is taken for the default, or, where the configuration is
 * `complete` (what a program reads, with nobody to fill it in), for a field that is not there.
 */
export function settingsBeyond(configuration: Settings, defaults: Settings, { complete = false } = {}): Settings {
  return beyond(configuration, defaults, complete, "");
}

function beyond(configuration: Settings, defaults: Settings, complete: boolean, path: string): Settings {
  const more = Object.entries(configuration).flatMap(([key, value]): [string, unknown][] => {
    const here = path === "" ? key : `${path}.${key}`;
    const usual = defaults[key];
    if (isMap(value)) {
      const inner = beyond(value, isMap(usual) ? usual : {}, complete, here);
      return Object.keys(inner).length === 0 ? [] : [[key, inner]];
    }
    if (isDeepStrictEqual(value, usual) || (saysNothing(value) && !(meaningful.has(here) && value !== null))) return [];
    return [[key, value]];
  });
  const less = Object.keys(defaults).filter(
    (key) => complete && !Object.hasOwn(configuration, key) && !sameMeaning(defaults[key], undefined),
  );
  return Object.fromEntries([...more, ...less.map((key) => [key, null] as const)]);
}

function saysNothing(value: unknown): boolean {
  return value === null || value === undefined || value === "" || value === "0s";
}
