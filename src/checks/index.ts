import type { Check } from "../engine/contracts.ts";
import type { Live } from "../kubernetes/live.ts";
import { clusterChecks } from "./cluster.ts";
import { containerRuntimeChecks } from "./container-runtime.ts";
import { hostChecks } from "./hosts.ts";
import { inPlaceChecks } from "./in-place.ts";
import { networkChecks } from "./network.ts";
import { weaveChecks } from "./weave-net.ts";

/** Every check, in the order in which problems are shown. */
export const checks: readonly Check<Live>[] = [
  ...hostChecks,
  ...containerRuntimeChecks,
  ...clusterChecks,
  ...inPlaceChecks,
  ...networkChecks,
  ...weaveChecks,
];

/** Names that `ignoreChecks` may hold. */
export const checkNames: readonly string[] = checks.map(({ name }) => name);
