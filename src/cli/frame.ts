import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createEmit, type Emit } from "../engine/events.ts";
import type { RunResult } from "../engine/run.ts";
import { KbootError } from "../errors.ts";
import type { RunIdentity } from "../host/host.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { chooseListeners } from "../ui/index.ts";
import { showPath } from "../ui/show-path.ts";
import { summarizeErrors } from "./summarize-errors.ts";
import { listUnfinished } from "./unfinished.ts";

export interface FrameOptions {
  /** Folder for the logs of runs that change something; it is made where it is missing. */
  readonly logs: string;
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
  const { output, identity, next, report } = options;
  const log = identity.mode === "change" ? await prepareLog(options.logs, identity) : undefined;
  const ui = await chooseListeners({ output, log, next, report });
  try {
    const result = await operate(createEmit(ui.listeners));
    if (signal.aborted) throw stoppedWith(result, signal.reason);
    if (result.errors.size > 0) throw summarizeErrors(result);
    await ui.close();
    return result;
  } catch (cause) {
    const error = cause instanceof KbootError ? cause.at({}, log && showPath(log)) : cause;
    await ui.close(error);
    throw error;
  }
}

/** The folder for logs beside an inventory. */
export function logsBeside({ file }: Pick<Cluster, "file">): string {
  return join(dirname(file), ".kboot", "logs");
}

/** Path of this run's log. */
async function prepareLog(folder: string, run: RunIdentity): Promise<string> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new KbootError("usage", `cannot keep a log of this run in ${folder}: ${(cause as Error).message}`, {
      hint: "logs are kept beside the inventory: put it into a folder where you may write",
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
