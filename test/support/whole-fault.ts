import type { ExecutionContext } from "ava";
import { catalogue, type ErrorCode } from "../../src/errors/catalogue.ts";
import type { KbootError } from "../../src/errors.ts";
import { printError } from "../../src/ui/print-error.ts";

/** What an error has of what is told of every fault. */
export type ToldFault = Pick<KbootError, "code" | "message" | "hint" | "where" | "transient">;

export interface ExpectedFault {
  readonly code: ErrorCode;
  /** `cluster` for what is about no single host. */
  readonly host: string;
  readonly step: string;
  /** In the hint, which also has to hold a command or what else to do by hand in backquotes. */
  readonly hint: RegExp;
  /** What the message says beside: the evidence. */
  readonly evidence: RegExp;
}

/** Holds an error to all that is told of a fault: code, host, step, what happened and why, the likely causes of such errors, and the next command. */
export function isWholeFault(t: ExecutionContext, error: ToldFault, { code, host, step, hint, evidence }: ExpectedFault): void {
  t.is(error.code, code, error.message);
  t.is(error.where.host, host, error.message);
  t.is(error.where.step, step, error.message);
  t.regex(error.message, evidence);
  t.notRegex(error.message.split("\n")[0] ?? "", /\bexit(ed)?( with)?( code| status)? \d+$/);
  t.regex(error.hint ?? "", hint);
  t.regex(error.hint ?? "", /`[^`]+`/, "no command in the hint");
  t.true(catalogue[code].causes.length > 0, `no likely cause of ${code}`);
  t.true(catalogue[code].next.length > 0);
}

/** Holds what a user reads of an error to the same. */
export function isPrintedWhole(t: ExecutionContext, error: KbootError): void {
  const lines = printError(error).split("\n");
  const { host, step } = error.where;
  t.regex(lines[0] ?? "", new RegExp(`^${host}( \\(\\S+\\))?, ${step}(, [^:]+)?: \\S`));
  t.true(lines.some((line) => line === `hint: ${error.hint}`));
  t.true(lines.includes(`more: kboot explain ${error.code}`));
}
