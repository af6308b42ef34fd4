import { closeSync, openSync, writeSync } from "node:fs";
import type { EngineEvent } from "../engine/events.ts";
import { createClosing } from "./closing.ts";
import { toJsonLine } from "./json-events.ts";
import { createPlainLines } from "./plain-lines.ts";

export interface UiOptions {
  readonly output: "text" | "json";
  /** The inventory as the user named it, for the closing hint. */
  readonly file: string;
  /** Where all events are kept, a line of JSON each; readable by the user alone. */
  readonly log?: string;
}

export interface Ui {
  readonly listeners: readonly ((event: EngineEvent) => void)[];
  close(): Promise<void>;
}

/** Who listens to a run: JSON or text on stdout, a live display on a terminal, and the log. */
export async function chooseListeners({ output, file, log }: UiOptions): Promise<Ui> {
  const listeners: ((event: EngineEvent) => void)[] = [];
  const closers: (() => void | Promise<void>)[] = [];
  if (log !== undefined) {
    const handle = openSync(log, "a", 0o600);
    listeners.push((event) => writeSync(handle, toJsonLine(event)));
    closers.push(() => closeSync(handle));
  }
  if (output === "json") {
    listeners.push((event) => process.stdout.write(toJsonLine(event)));
  } else {
    const isLive = process.stdout.isTTY && process.env["CI"] === undefined;
    const lines = createPlainLines();
    const closing = createClosing(file);
    if (isLive) {
      const { createLiveDisplay } = await import("./live-display.ts");
      const display = createLiveDisplay();
      listeners.push(display.listen);
      closers.push(display.close);
    }
    listeners.push(closing.listen, (event) => {
      const isDrawn = isLive && event.type.startsWith("step-") && event.type !== "step-failed";
      const line = isDrawn ? undefined : lines(event);
      if (line !== undefined) process.stdout.write(line);
    });
    closers.push(() => {
      process.stdout.write(closing.text());
    });
  }
  return {
    listeners,
    async close() {
      for (const closer of closers) await closer();
    },
  };
}
