import type { Step } from "../../engine/contracts.ts";
import type { Live } from "../../kubernetes/live.ts";
import { gone, kindNameOf } from "../../resources/gone.ts";
import { everyHost, sameHost } from "../where.ts";
import type { ResetOptions } from "./index.ts";
import { madeAt } from "./made.ts";

const keptKinds = ["binary", "package", "container-image"];

/** Brings what kboot made or changed back to what was there before, in the reverse order; the record of it goes last. */
export function takeAway({ keepBinaries }: ResetOptions): Step<Live> {
  return {
    id: "take-away",
    title: "Bring back what was there before",
    on: everyHost,
    after: sameHost("end-node", "delete-node"),
    resources: (site, host) =>
      madeAt(site, host)
        .filter((thing) => !keepBinaries || !keptKinds.includes(kindNameOf(thing)))
        .map(gone),
  };
}
