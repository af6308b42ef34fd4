import { setTimeout as sleep } from "node:timers/promises";
import { KbootError } from "../../errors.ts";
import { type ApiAccess, ApiAgent } from "../api-request.ts";
import type { Endpoint } from "../endpoint.ts";
import { type ClusterInfo, type Look, lookForClusterInfo, type Patience } from "./look.ts";

export const usualPatience: Patience = { pollMs: 1000, lookMs: 10_000, absentMs: 60_000, unsignedMs: 15_000 };

export interface AwaitOptions {
  /** When looking ends, by `performance.now()`. The last look is waited for. */
  readonly endMs: number;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  readonly patience?: Partial<Patience>;
  /** Taken for found where the API answers and has none to show. Default: it is waited for. */
  readonly absent?: ClusterInfo;
  /** The last judge of what was found: says what is missing in it and for how long that may be so. Default: nothing is. */
  readonly judge?: (found: ClusterInfo, patience: Patience) => Look;
}

/**
 * Reads cluster-info, looking again and again while that can help. Throws the KbootError of the last look when time is over, and at once when
 * waiting is in vain.
 */
export async function awaitClusterInfo(access: ApiAccess, endpoint: Endpoint, options: AwaitOptions): Promise<ClusterInfo> {
  const { endMs, signal, say, judge = (found) => ({ found }) } = options;
  const patience = { ...usualPatience, ...options.patience };
  const agent = new ApiAgent(access);
  let [last, sinceMs] = ["", 0];
  try {
    for (;;) {
      const seen = await lookForClusterInfo(agent, endpoint, patience, signal);
      const look = "found" in seen ? judge(seen.found, patience) : seen;
      if ("found" in look) return look.found;
      if (look.isAbsent && options.absent !== undefined) return options.absent;
      const nowMs = performance.now();
      if (look.problem.message !== last) {
        [last, sinceMs] = [look.problem.message, nowMs];
        say(`waiting, since ${last}`);
      }
      if (nowMs >= endMs || nowMs - sinceMs >= look.patienceMs) throw look.problem;
      await pause(Math.min(patience.pollMs, endMs - nowMs), signal);
    }
  } finally {
    agent.destroy();
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((cause: unknown) => {
    throw new KbootError("cancelled", "the search for the cluster was cancelled", { cause });
  });
}
