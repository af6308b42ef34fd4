import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createEmit } from "../engine/events.ts";
import type { RunResult } from "../engine/run.ts";
import { KbootError } from "../errors.ts";
import type { RunIdentity } from "../host/host.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { networkPlugin } from "../network/index.ts";
import { chooseListeners } from "../ui/index.ts";
import { openInventory } from "./inventory-file.ts";
import { createSelect, identify, operate, type Selection } from "./operate.ts";
import { assertSameInventory, assertSamePlan, markInventory, readPlan, type SavedPlan, savePlan } from "./saved-plan.ts";
import { summarizeErrors } from "./summarize-errors.ts";
import { listUnfinished } from "./unfinished.ts";

interface Options extends Selection {
  readonly file?: string;
  readonly dryRun?: boolean;
  /** Of `apply`: a plan that was saved. */
  readonly plan?: string;
  /** Of `plan`: where to save it. */
  readonly save?: string;
  readonly output: "text" | "json";
}

/** `kboot apply` */
export function apply(options: Record<string, unknown>, signal: AbortSignal, [plan]: readonly string[]): Promise<void> {
  const given = { ...options, ...(plan === undefined ? {} : { plan }) } as unknown as Options;
  return run(given.dryRun ? "plan" : "apply", given, signal);
}

/** `kboot plan` */
export function plan(options: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  return run("plan", options as unknown as Options, signal);
}

async function run(command: "apply" | "plan", options: Options, signal: AbortSignal): Promise<void> {
  const saved = options.plan === undefined ? undefined : await openPlan(options.plan, options);
  const { file, cluster } = await openInventory(saved?.inventory.file ?? options.file);
  if (saved !== undefined) await assertSameInventory(cluster, saved.inventory);
  const inventory = options.save === undefined ? undefined : await markInventory(cluster);
  const selection: Selection = saved?.selection ?? options;
  const select = createSelect(cluster, selection);
  const made = new Date(saved?.made ?? Date.now());
  const identity = identify(command, command === "apply" ? "change" : "read");
  const log = command === "apply" ? await prepareLog(cluster, identity) : undefined;
  const ui = await chooseListeners({ output: options.output, file, log });
  try {
    const emit = createEmit(ui.listeners);
    if (command === "apply") for (const notice of networkPlugin(cluster)?.notices ?? []) emit({ type: "notice", ...notice });
    const result = await operate(cluster, identity, select, emit, signal, {
      judgedAt: made,
      approve: (found, unreachable) => saved && assertSamePlan(saved, found, unreachable),
    });
    if (signal.aborted) throw stoppedWith(result, signal.reason);
    if (result.errors.size > 0) throw summarizeErrors(result);
    if (options.save !== undefined && inventory !== undefined) {
      await savePlan(options.save, { made, inventory, selection, ...result });
      if (options.output === "text") process.stdout.write(`saved; kboot apply ${options.save} does this, or stops before any change\n`);
    }
  } catch (error) {
    await ui.close(error);
    throw error;
  }
  await ui.close();
}

/** A saved plan names inventory, steps and hosts itself. */
async function openPlan(path: string, { file, only, skip, limit }: Options): Promise<SavedPlan> {
  if ([file, only, skip, limit].some((option) => option !== undefined)) {
    throw new KbootError("usage", "a saved plan names its inventory, steps and hosts itself", {
      hint: "leave out --file, --only, --skip and --limit, or plan anew with them",
    });
  }
  return readPlan(path);
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
