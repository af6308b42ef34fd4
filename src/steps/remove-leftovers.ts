import { kindOf, pathsOf } from "../engine/compose.ts";
import type { Made, Site, Step } from "../engine/contracts.ts";
import type { Live } from "../kubernetes/live.ts";
import { gone, kindNameOf } from "../resources/gone.ts";
import { hostKinds } from "../resources/index.ts";
import { madeAt } from "./reset/made.ts";
import { everyHost, sameHost } from "./where.ts";

/** Pods of an older wish may still run from an image, and a package's removal would end a service that has its name. They go with a reset. */
const keptKinds = ["container-image", "package"];

/** What kboot has made on a host and no step of the way wishes any more; nothing of whose paths another thing has taken over. */
function leftoversOn(site: Site<Live>, host: string, way: readonly Step<Live>[]): readonly Made[] {
  const made = madeAt(site, host);
  if (made.length === 0) return [];
  const wished = way.filter((step) => step.on(site.cluster).includes(host)).flatMap((step) => step.resources?.(site, host) ?? []);
  const ids = new Set(wished.map((resource) => kindOf(hostKinds, resource).id(resource)));
  const paths = new Set(wished.flatMap(pathsOf));
  return made.filter(
    (thing) => !ids.has(thing.id) && !keptKinds.includes(kindNameOf(thing)) && !thing.paths.some((path) => paths.has(path)),
  );
}

/** Takes from a host what left the wish, once all that is wished is in order: each thing is as it was before kboot. `way`: the steps that wish. */
export function removeLeftovers(way: readonly Step<Live>[]): Step<Live> {
  return {
    id: "leftovers",
    title: "Remove what is no longer wished",
    on: everyHost,
    after: sameHost("node-ready", "addon-images"),
    resources: (site, host) => leftoversOn(site, host, way).map(gone),
  };
}
