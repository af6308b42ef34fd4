import { catalogue } from "../errors/catalogue.ts";
import { KbootError } from "../errors.ts";

const tailLines = 5;

/**
 * What a user reads of an error: where and what, the last lines that a failed script wrote on stderr, and on lines of their own the hint,
 * the command that tells more about such errors, and where the log is.
 * A bug shows its stack. Ends without a newline.
 */
export function printError(error: unknown): string {
  if (!(error instanceof KbootError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${stack}\nthis is a bug in kboot: please report it with the lines above`;
  }
  const place = printPlace(error);
  return [
    place === "" ? error.message : `${place}: ${error.message}`,
    ...scriptTail(error),
    ...(error.hint === undefined ? [] : [`hint: ${error.hint}`]),
    ...(catalogue[error.code].causes.length === 0 ? [] : [`more: kboot explain ${error.code}`]),
    ...(error.log === undefined ? [] : [`log: ${error.log}`]),
  ].join("\n");
}

function printPlace({ where }: KbootError): string {
  const { host, address, file, line, column, field, step } = where;
  return [
    host === undefined || address === undefined || address === host ? host : `${host} (${address})`,
    step,
    file === undefined ? undefined : [file, line, column].filter((part) => part !== undefined).join(":"),
    field,
  ]
    .filter((part) => part !== undefined)
    .join(", ");
}

/** Nothing when the message says it already. */
function scriptTail({ script, message }: KbootError): readonly string[] {
  const lines = script?.stderr.trim().split("\n").slice(-tailLines) ?? [];
  return lines.filter((line) => line !== "" && !message.includes(line.trim())).map((line) => `  ${line}`);
}
