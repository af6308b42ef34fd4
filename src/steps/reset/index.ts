import type { Step } from "../../engine/contracts.ts";
import type { Live } from "../../kubernetes/live.ts";
import { endNode } from "./end-node.ts";
import { deleteNode, drain } from "./leave-cluster.ts";
import { takeAway } from "./take-away.ts";

export interface ResetOptions {
  /** Binaries, packages and images stay, for a next cluster. */
  readonly keepBinaries: boolean;
}

/**
 * The way back, from a node to the host that there was before kboot. Each step looks at the host's record of what was made, which goes last:
 * so a way that was cut off is gone again from its beginning.
 */
export function resetWay(options: ResetOptions): readonly Step<Live>[] {
  return [drain, endNode(options), deleteNode, takeAway(options)];
}
