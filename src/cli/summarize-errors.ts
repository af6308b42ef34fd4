import type { RunResult } from "../engine/run.ts";
import { KbootError } from "../errors.ts";
import { count } from "../ui/count.ts";
import { printError } from "../ui/print-error.ts";

/** One error for all hosts that were set aside. A single error stays itself, and so does a bug. */
export function summarizeErrors({ errors }: RunResult): unknown {
  const all = [...errors.values()];
  const bug = all.find((error) => !(error instanceof KbootError));
  if (bug !== undefined || all.length === 1) return bug ?? all[0];
  const texts = all.map((error) => printError(error).replaceAll("\n", "\n    "));
  return new KbootError("incomplete", `${count(all.length, "host")} were set aside\n  ${texts.join("\n  ")}`, {
    hint: "put right what is said above, then run the same command again: it goes on where it stopped",
  });
}
