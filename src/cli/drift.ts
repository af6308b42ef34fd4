import { clusterPlace } from "../engine/contracts.ts";
import { type Drift, findDrift, listUnseen } from "../engine/drift.ts";
import type { RunResult } from "../engine/run.ts";
import { KbootError } from "../errors.ts";
import { describeDifference } from "../ui/describe-difference.ts";
import { printError } from "../ui/print-error.ts";
import { openInventory } from "./inventory-file.ts";
import { createSelect, identify, operate, type Selection } from "./operate.ts";
import { summarizeErrors } from "./summarize-errors.ts";

/** Something differs. */
const drifted = 2;

/** `kboot drift`: returns the exit code. */
export async function drift(options: Record<string, unknown>, signal: AbortSignal): Promise<number> {
  const { file, output, ...selection } = options as unknown as Selection & { file?: string; output: "text" | "json" };
  const { cluster } = await openInventory(file);
  const result = await operate(cluster, identify("drift", "read"), createSelect(cluster, selection), () => {}, signal);
  signal.throwIfAborted();
  const found = findDrift(result.plan, [...cluster.hosts.map(({ name }) => name), clusterPlace]);
  const error = findUnseen(result, found);
  if (output === "json") process.stdout.write(`${JSON.stringify(toDocument(cluster.name, found, error))}\n`);
  else process.stdout.write(found.map((one) => `${one.host} ${one.id} ${describeDifference(one)}\n`).join(""));
  if (error === undefined) return found.length === 0 ? 0 : drifted;
  process.stderr.write(`${printError(error)}\n`);
  return error.exitCode;
}

/** Why not all could be compared, if not all could. A bug is thrown. */
function findUnseen(result: RunResult, found: readonly Drift[]): KbootError | undefined {
  if (result.errors.size > 0) {
    const error = summarizeErrors(result);
    if (error instanceof KbootError) return error;
    throw error;
  }
  if (result.plan.some(({ decidedLater }) => decidedLater)) {
    return new KbootError("api", "the API of the cluster does not answer, so what is in it could not be compared", {
      hint: "kboot status tells what of the control plane is down",
    });
  }
  const unseen = listUnseen(result.plan, found);
  if (unseen.size === 0) return undefined;
  const lines = [...unseen].map(
    ([host, [first = "", ...more]]) => `${host}: ${first}${more.length === 0 ? "" : ` and ${more.length} more`}`,
  );
  return new KbootError("incomplete", `not everything could be seen\n  ${lines.join("\n  ")}`, {
    hint: "kboot plan tells what, and why",
  });
}

function toDocument(cluster: string, differences: readonly Drift[], error: KbootError | undefined) {
  const problem = error === undefined ? null : { code: error.code, message: error.message, hint: error.hint, where: error.where };
  return { cluster, differences, error: problem };
}
