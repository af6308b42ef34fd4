import type { Made, Site } from "../../engine/contracts.ts";
import { madeOn } from "../../engine/state.ts";
import type { Live } from "../../kubernetes/live.ts";
import { binDir } from "../../kubernetes/paths.ts";
import { specOf } from "../where.ts";

/** What kboot has made on a host, the latest first. Empty: there is nothing of kboot's. */
export function madeAt(site: Site<Live>, host: string): readonly Made[] {
  return madeOn(site.facts.get(host)?.state).toReversed();
}

/** Whether kboot brought kubelet and containerd to a host, where neither ran before. What it did not bring is not for it to end. */
export function broughtTo(site: Site<Live>, host: string): { readonly kubelet: boolean; readonly runtime: boolean } {
  const things = madeAt(site, host);
  const { containerRuntime } = specOf(site.cluster, host);
  const program = containerRuntime.from === "package" ? `package:${containerRuntime.package}` : `binary:${binDir}/containerd`;
  return {
    kubelet: brought(things, "kubelet.service") === true,
    // a unit may have gone before, and left its programs
    runtime: brought(things, "containerd.service") ?? things.some(({ id, before }) => id === program && before === null),
  };
}

/** Undefined for a unit that is not on record. */
function brought(things: readonly Made[], unit: string): boolean | undefined {
  const thing = things.find(({ id }) => id === `systemd-unit:${unit}`);
  return thing === undefined ? undefined : (thing.before as { readonly activeState?: string } | null)?.activeState !== "active";
}
