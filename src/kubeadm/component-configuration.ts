import { isDeepStrictEqual } from "node:util";
import type { Settings } from "../kubernetes/merge.ts";

/** Fields whose empty value is a choice, and not the same as none: Go has a pointer there. */
const meaningful = new Set(["resolvConf", "conntrack.tcpEstablishedTimeout", "conntrack.tcpCloseWaitTimeout"]);

/**
 * What a component's configuration says beyond `defaults`: merged over them, it makes a configuration that means the same. A field that
 * is left out, or has the zero value that Go writes for it, is taken for the default.
 */
export function settingsBeyond(configuration: Settings, defaults: Settings, path = ""): Settings {
  return Object.fromEntries(
    Object.entries(configuration).flatMap(([key, value]): [string, unknown][] => {
      const here = path === "" ? key : `${path}.${key}`;
      const usual = defaults[key];
      if (isMap(value)) {
        const beyond = settingsBeyond(value, isMap(usual) ? usual : {}, here);
        return Object.keys(beyond).length === 0 ? [] : [[key, beyond]];
      }
      if (isDeepStrictEqual(value, usual) || (saysNothing(value) && !(meaningful.has(here) && value !== null))) return [];
      return [[key, value]];
    }),
  );
}

function saysNothing(value: unknown): boolean {
  return value === null || value === undefined || value === "" || value === "0s";
}

function isMap(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
