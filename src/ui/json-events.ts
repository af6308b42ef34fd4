import type { EngineEvent } from "../engine/events.ts";
import { KbootError } from "../errors.ts";

/** An event as one line of JSON. Errors become their code, message, hint and place; secrets show as `[secret]`. */
export function toJsonLine(event: EngineEvent): string {
  return `${JSON.stringify(event, (_key, value: unknown) => {
    if (value instanceof KbootError) {
      const { code, message, hint, where, script } = value;
      return { code, message, hint, where, script };
    }
    return value instanceof Error ? { code: "bug", message: value.message, stack: value.stack } : value;
  })}\n`;
}
