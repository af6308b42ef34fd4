import { closeSync, openSync, writeSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import type { EngineEvent } from "../engine/events.ts";
import { createClosing } from "./closing.ts";
import { createColours, judgeTerminal } from "./colours.ts";
import { toJsonLine } from "./json-events.ts";
import { createPlainLines } from "./plain-lines.ts";
import { showPath } from "./show-path.ts";
import { thinBytes } from "./thin-bytes.ts";

export interface UiOptions {
  readonly output: "text" | "json";
  /** What to do after a run that ended well, for the closing hint. */
  readonly next: string | undefined;
  /** Where all events are kept, a line of JSON each; readable by the user alone. Its folder exists. */
  readonly log: string | undefined;
  /** Where a report of the run is written at its end. Its folder exists. */
  readonly report: string | undefined;
}

/** How wide a table may be where nobody says how wide the paper is. */
const usualColumns = 120;

type Listener = (event: EngineEvent) => void;

export interface Ui {
  readonly listeners: readonly Listener[];
  /** Ends the display; `error` is why the run ended, if it did not end well. It goes to the log; who called tells the user. */
  close(error?: unknown): Promise<void>;
}

/** Who listens to a run: JSON or text on stdout, a live display on a terminal, and the log. */
export async function chooseListeners({ output, next, log, report }: UiOptions): Promise<Ui> {
  const closers: (() => void | Promise<void>)[] = [];
  const handle = log === undefined ? undefined : openSync(log, "a", 0o600);
  const listeners: Listener[] = [];
  const page = report === undefined ? undefined : (await import("./report/report.ts")).createReport();
  // whether it can be written is known before anything is done
  if (report !== undefined) await writeFile(report, "", { mode: 0o600 });
  if (page !== undefined) listeners.push((event) => page.listen(event));
  if (handle !== undefined) listeners.push(thinBytes((event) => writeSync(handle, toJsonLine(event))));
  if (output === "json") listeners.push(thinBytes((event) => process.stdout.write(toJsonLine(event))));
  if (output === "text") {
    const terminal = judgeTerminal(process.stdout, process.env);
    const width = process.stdout.columns ?? usualColumns;
    const closing = createClosing({ next, log: log === undefined ? undefined : showPath(log), width });
    listeners.push(closing.listen, await listenForReader(terminal, closers));
    closers.push(() => {
      process.stdout.write(closing.text());
    });
  }
  return {
    listeners,
    async close(error) {
      for (const closer of closers) await closer();
      if (report !== undefined && page !== undefined) {
        if (error !== undefined) page.listen({ at: Date.now(), type: "error", error });
        // a run that ended before it began has none
        await writeFile(report, page.page() ?? "", { mode: 0o600 });
      }
      if (handle === undefined) return;
      if (error !== undefined) writeSync(handle, toJsonLine({ at: Date.now(), type: "error", error }));
      closeSync(handle);
    },
  };
}

async function listenForReader(
  { isLive, isColoured }: { isLive: boolean; isColoured: boolean },
  closers: (() => void | Promise<void>)[],
): Promise<Listener> {
  const lines = createPlainLines(createColours(isColoured));
  const print: Listener = (event) => {
    const line = lines(event);
    if (line !== undefined) process.stdout.write(line);
  };
  if (!isLive) return print;
  const { createLiveDisplay } = await import("./live-display.ts");
  const display = createLiveDisplay();
  closers.push(display.close);
  const draw = thinBytes(display.listen);
  let isDrawing = false;
  return (event) => {
    // once lines are drawn, what runs on each host is what matters
    if (!event.type.startsWith("step-") && !(isDrawing && event.type === "fetching")) print(event);
    isDrawing ||= event.type === "planned" && event.willApply;
    draw(event);
  };
}
