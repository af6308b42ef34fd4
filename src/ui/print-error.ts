import { KbootError } from "../errors.ts";

/** What a user reads of an error: where, what, and the hint on its own line. A bug shows its stack. */
export function printError(error: unknown): string {
  if (!(error instanceof KbootError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${stack}\nthis is a bug in kboot: please report it with the lines above`;
  }
  const { host, address, file, line, column, field, step } = error.where;
  const place = [
    host === undefined ? undefined : address === undefined || address === host ? host : `${host} (${address})`,
    step,
    file === undefined ? undefined : [file, line, column].filter((part) => part !== undefined).join(":"),
    field,
  ].filter((part) => part !== undefined);
  const head = place.length === 0 ? error.message : `${place.join(", ")}: ${error.message}`;
  return error.hint === undefined ? head : `${head}\nhint: ${error.hint}`;
}
