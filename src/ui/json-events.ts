import type { EngineEvent } from "../engine/events.ts";
import { KbootError } from "../errors.ts";

/** The last line of a run that ended by an error. */
export interface ErrorEvent {
  readonly at: number;
  readonly type: "error";
  readonly error: unknown;
}

/** The line by which machines join, after a run that ended well. It may hold a token: it is for whoever reads stdout, and in no log. */
export interface JoinCommandEvent {
  readonly at: number;
  readonly type: "join-command";
  readonly command: string;
}

/** An event as one line of JSON. Errors become their code, message, hint, place and failed script; secrets show as `[secret]`. */
export function toJsonLine(event: EngineEvent | ErrorEvent | JoinCommandEvent): string {
  return `${JSON.stringify(event, (_key, value: unknown) => {
    if (value instanceof KbootError) {
      const { code, message, hint, where, script, transient, log, exitCode } = value;
      return { code, exitCode, transient, message, hint, where, script, log };
    }
    return value instanceof Error ? { code: "bug", message: value.message, stack: value.stack } : value;
  })}\n`;
}
