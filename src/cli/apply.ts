import { mkdir } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { createEmit } from "../engine/events.ts";
import type { RunResult } from "../engine/run.ts";
import { KbootError } from "../errors.ts";
import type { RunIdentity } from "../host/host.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { networkPlugin } from "../network/index.ts";
import { count } from "../ui/count.ts";
import { chooseListeners } from "../ui/index.ts";
import { printError } from "../ui/print-error.ts";
import { openInventory } from "./inventory-file.ts";
import { createSelect, identify, operate, type Selection } from "./operate.ts";
import { listUnfinished } from "./unfinished.ts";

interface Options extends Selection {
  readonly file?: string;
  readonly dryRun?: boolean;
  readonly output: "text" | "json";
  readonly report?: string;
}

/** `kboot apply` */
export function apply(options: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  const given = options as unknown as Options;
  return run(given.dryRun ? "plan" : "apply", given, signal);
}

/** `kboot plan` */
export function plan(options: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  return run("plan", options as unknown as Options, signal);
}

async function run(command: "apply" | "plan", options: Options, signal: AbortSignal): Promise<void> {
  const { file, cluster } = await openInventory(options.file);
  const select = createSelect(cluster, options);
  const identity = identify(command, command === "apply" ? "change" : "read");
  const log = command === "apply" ? await prepareLog(cluster, identity) : undefined;
  const ui = await chooseListeners({ output: options.output, file, log, report: options.report });
  try {
    const emit = createEmit(ui.listeners);
    if (command === "apply") for (const notice of networkPlugin(cluster)?.notices ?? []) emit({ type: "notice", ...notice });
    const result = await operate(cluster, identity, select, emit, signal);
    if (signal.aborted) throw stoppedWith(result, signal.reason);
    if (result.errors.size > 0) throw summarizeErrors(result);
  } catch (cause) {
    const error = cause instanceof KbootError ? cause.at({}, log && relative(process.cwd(), log)) : cause;
    await ui.close(error);
    throw error;
  }
  await ui.close();
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

/** One error for all hosts that were set aside. A single error stays itself, and so does a bug. */
function summarizeErrors({ errors }: RunResult): unknown {
  const all = [...errors.values()];
  const bug = all.find((error) => !(error instanceof KbootError));
  if (bug !== undefined || all.length === 1) return bug ?? all[0];
  const texts = all.map((error) => printError(error).replaceAll("\n", "\n    "));
  return new KbootError("incomplete", `${count(all.length, "host")} were set aside\n  ${texts.join("\n  ")}`, {
    hint: "put right what is said above, then run the same command again: it goes on where it stopped",
  });
}
