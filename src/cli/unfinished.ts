import { pairKey } from "../engine/pairs.ts";
import type { RunResult } from "../engine/run.ts";

/** What a run had planned and did not come to the end of, a line for each host: `worker1: join, worker-kubelet`. */
export function listUnfinished({ plan, outcomes }: Pick<RunResult, "plan" | "outcomes">): readonly string[] {
  const open = plan.filter(({ host, step }) => outcomes.get(pairKey(host, step)) !== "done");
  return [...Map.groupBy(open, ({ host }) => host)].map(([host, pairs]) => `${host}: ${pairs.map(({ step }) => step).join(", ")}`);
}
