import { type HostKinds, kindOf } from "../engine/compose.ts";
import type { HostKind, Made } from "../engine/contracts.ts";
import { definePrune, putBackFormer } from "../host/former-files.ts";

/** A thing of the host's state file that shall be as it was before kboot. */
export interface GoneResource extends Made {
  readonly kind: "gone";
}

/** A gone resource. */
export function gone(thing: Made): GoneResource {
  return { kind: "gone", ...thing };
}

/** The kind of resource that an id of the state file belongs to: `file` of `file:/etc/hosts`. */
export function kindNameOf({ id }: Pick<Made, "id">): string {
  return id.split(":", 1)[0] ?? id;
}

/** Takes away what the other kinds have made, each in its own way: units stop, files are put back to what they were, units of others start again. */
export function goneKind(kinds: HostKinds): HostKind<GoneResource, undefined> {
  return {
    kind: "gone",
    takesAway: true,
    id: ({ id }) => id,
    observe: () => "true",
    parse: () => undefined,
    compare: (thing) => [
      {
        what: kindNameOf(thing),
        from: "kboot's",
        ...(thing.before === null ? {} : { to: "as before" }),
      },
    ],
    async change(items) {
      const things = items.map(({ resource }) => resource);
      const removals = [...Map.groupBy(things, kindNameOf)].map(([name, group]) => kindOf(kinds, { kind: name }).remove?.(group));
      const files = things.filter((thing) => kindOf(kinds, { kind: kindNameOf(thing) }).remove === undefined);
      return {
        script: [
          definePrune,
          ...removals.flatMap((removal) => removal?.first ?? []),
          putBackFormer([...new Set(files.flatMap(({ paths }) => paths))]),
          ...removals.flatMap((removal) => removal?.last ?? []),
        ].join("\n"),
      };
    },
  };
}
