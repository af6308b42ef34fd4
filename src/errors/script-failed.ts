import { type FailedScript, KbootError, type KbootErrorOptions } from "../errors.ts";
import { catalogue } from "./catalogue.ts";
import { type Diagnosis, diagnose, type Sign } from "./diagnoses.ts";

const tailLines = 4;

/** What a shell makes of a signal that ends its program is 128 and the signal's number (sh(1)); the kernel sends 9 for want of memory. */
const endedByKernel = 128 + 9;

/**
 * The error for a script that failed: `what` is the beginning of its message, `install containerd failed`. When the reason is recognised,
 * the error has the code of that, else `script`. A hint that is given stands for the case that nothing is recognised.
 */
export function scriptFailed(what: string, script: FailedScript, options: Pick<KbootErrorOptions, "where" | "hint"> = {}): KbootError {
  const found = diagnose(script.stderr) ?? (script.exitCode === endedByKernel ? { code: "out-of-memory" as const, line: "" } : undefined);
  const code = found?.code ?? "script";
  const reason =
    found === undefined
      ? `exit code ${script.exitCode}${script.stderr.trim() === "" ? ", and it said nothing" : ""}`
      : catalogue[code].title;
  return new KbootError(code, [`${what}: ${reason}`, ...evidence(script.stderr, found)].join("\n  "), {
    where: options.where,
    hint: found === undefined && options.hint !== undefined ? options.hint : catalogue[code].next[0],
    script,
  });
}

/** The error for what was recognised among `signs` in text that tells of something else that fails; undefined when nothing was. */
export function recognise(what: string, script: FailedScript, signs: readonly Sign[]): KbootError | undefined {
  const found = diagnose(script.stderr, signs);
  if (found === undefined) return undefined;
  const { title, next } = catalogue[found.code];
  return new KbootError(found.code, `${what}: ${title}\n  ${found.line}`, { hint: next[0], script });
}

/** The last lines, and before them the one that gave the reason away. */
function evidence(stderr: string, found: Diagnosis | undefined): readonly string[] {
  const tail = stderr.trim().split("\n").slice(-tailLines);
  const isShown = found === undefined || found.line === "" || tail.some((line) => line.includes(found.line));
  return [...(isShown ? [] : [found.line]), ...tail].filter((line) => line !== "");
}
