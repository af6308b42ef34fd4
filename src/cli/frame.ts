import { mkdir } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { createEmit, type Emit } from "../engine/events.ts";
import type { RunResult } from "../engine/run.ts";
import { KbootError } from "../errors.ts";
import type { RunIdentity } from "../host/host.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { chooseListeners } from "../ui/index.ts";
import { summarizeErrors } from "./summarize-errors.ts";
import { listUnfinished } from "./unfinished.ts";

export interface FrameOptions {
  readonly cluster: Cluster;
  readonly output: "text" | "json";
  readonly identity: RunIdentity;
  /** What to do next after a run that changed something, for people. */
  readonly next?: string | undefined;
  /** Where a page about the run is written at its end. */
  readonly report?: string | undefined;
}

/** Does a run with display and log around it. Throws what ended it early, and one error for all hosts that were set aside. */
export async function frameRun(
  options: FrameOptions,
  signal: AbortSignal,
  operate: (emit: Emit) => Promise<RunResult>,
): Promise<RunResult> {
  const { cluster, output, identity, next, report } = options;
  const log = identity.mode === "change" ? await prepareLog(cluster, identity) : undefined;
  const ui = await chooseListeners({ output, log, next, report });
  try {
    const result = await operate(createEmit(ui.listeners));
    if (signal.aborted) throw stoppedWith(result, signal.reason);
    if (result.errors.size > 0) throw summarizeErrors(result);
    await ui.close();
    return result;
  } catch (cause) {
    const error = cause instanceof KbootError ? cause.at({}, log && relative(process.cwd(), log)) : cause;
    await ui.close(error);
    throw error;
  }
}

/** Path of this run's log, in a folder beside the inventory. */
async function prepareLog(cluster: Cluster, run: RunIdentity): Promise<string> {
  const folder = join(dirname(cluster.file), ".kboot", "logs");
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new KbootError("usage", `cannot keep a log of this run in ${folder}: ${(cause as Error).message}`, {
      hint: "put the inventory into a folder where you may write",
      cause,
    });
  }
  return join(folder, `${run.id}.jsonl`);
}

/** The error of a run that was stopped: `reason`, and what it leaves to the next one. */
function stoppedWith(result: RunResult, reason: unknown): unknown {
  const unfinished = listUnfinished(result);
  if (!(reason instanceof KbootError) || unfinished.length === 0) return reason;
  return new KbootError(reason.code, `${reason.message}; unfinished are\n  ${unfinished.join("\n  ")}`, {
    hint: reason.hint,
    cause: reason,
  });
}
