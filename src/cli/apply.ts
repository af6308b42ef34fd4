import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createEmit } from "../engine/events.ts";
import type { RunResult } from "../engine/run.ts";
import { KbootError } from "../errors.ts";
import { readInventory } from "../inventory/read.ts";
import { chooseListeners } from "../ui/index.ts";
import { identify, operate, type Selection } from "./operate.ts";

interface Options {
  readonly file: string;
  readonly dryRun?: boolean;
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  readonly limit?: readonly string[];
  readonly output: string;
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
  if (options.output !== "text" && options.output !== "json") {
    throw new KbootError("usage", `there is no output ${options.output}`, { hint: "text or json" });
  }
  const cluster = await readInventory(options.file);
  const identity = identify(command, command === "apply" ? "change" : "read");
  const logs = join(dirname(cluster.file), ".kboot", "logs");
  if (command === "apply") await mkdir(logs, { recursive: true, mode: 0o700 });
  const ui = await chooseListeners({
    output: options.output,
    file: options.file,
    ...(command === "apply" ? { log: join(logs, `${identity.id}.jsonl`) } : {}),
  });
  const selection: Selection = { only: options.only, skip: options.skip, limit: options.limit };
  let result: RunResult;
  try {
    result = await operate(cluster, identity, selection, createEmit(ui.listeners), signal);
  } finally {
    await ui.close();
  }
  signal.throwIfAborted();
  if (result.errors.size > 0) throw incomplete(result);
}

/** One error for all hosts that were set aside. */
function incomplete({ errors }: RunResult): KbootError {
  const [only] = errors.size === 1 ? errors : [];
  if (only?.[1] instanceof KbootError) return only[1];
  const lines = [...errors].map(([host, error]) => `${host}: ${error.message}`);
  return new KbootError("incomplete", `${errors.size} hosts were set aside\n  ${lines.join("\n  ")}`, {
    hint: "put right what is said above, then run the same command again: it goes on where it stopped",
  });
}
