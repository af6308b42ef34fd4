import { Listr, type ListrTaskWrapper } from "listr2";
import type { EngineEvent } from "../engine/events.ts";
import { KbootError } from "../errors.ts";
import { longTransferBytes, printProgress, Transfers } from "./transfer.ts";

type Task = ListrTaskWrapper<unknown, never, never>;

interface Line {
  readonly task: Promise<Task>;
  /** Steps that run on the host now, with what each says. */
  readonly steps: Map<string, string>;
  finish(error?: Error): void;
}

/**
 * One live line per host on a terminal: what it does now, and of long transfers bytes, rate and time left. listr2 only draws; the engine decides
 * what failed. While it draws, what others write to the terminal is held back until `close`.
 */
export function createLiveDisplay(): { listen(event: EngineEvent): void; close(): Promise<void> } {
  const lines = new Map<string, Line>();
  const titles = new Map<string, string>();
  const transfers = new Transfers();
  let drawing: Promise<unknown> = Promise.resolve();

  function begin(hosts: readonly string[]): void {
    const tasks = hosts.map((host) => {
      const { line, run } = createLine();
      lines.set(host, line);
      return { title: host, task: run };
    });
    drawing = new Listr(tasks, {
      concurrent: true,
      exitOnError: false,
      // its own listener would end the process in the middle of a change
      registerSignalListeners: false,
      rendererOptions: { collapseErrors: false },
    })
      .run()
      .catch(() => undefined);
  }

  function show(host: string, step: string, text: string | undefined): void {
    const line = lines.get(host);
    if (line === undefined) return;
    if (text === undefined) line.steps.delete(step);
    else line.steps.set(step, text);
    const now = [...line.steps.values()].join(" | ");
    void line.task.then((task) => {
      task.title = now === "" ? host : `${host}: ${now}`;
    });
  }

  return {
    listen(event) {
      if (event.type === "planned" && event.willApply) begin([...new Set(event.plan.map((pair) => pair.host))]);
      if (event.type === "step-started") {
        titles.set(event.step, event.title);
        show(event.host, event.step, event.title);
      }
      if (event.type === "step-progress") show(event.host, event.step, `${titles.get(event.step)}: ${event.text}`);
      if (event.type === "step-bytes" && event.total >= longTransferBytes) {
        const progress = transfers.follow(`${event.host}/${event.step}`, event.at, event.sent, event.total);
        show(event.host, event.step, `${titles.get(event.step)}: ${printProgress(progress)}`);
      }
      if (event.type === "step-finished") show(event.host, event.step, undefined);
      if (event.type === "step-failed") lines.get(event.host)?.finish(event.error);
    },
    async close() {
      for (const line of lines.values()) line.finish();
      await drawing;
    },
  };
}

function createLine(): { line: Line; run(context: unknown, task: unknown): Promise<void> } {
  const started = Promise.withResolvers<Task>();
  const ended = Promise.withResolvers<void>();
  return {
    line: {
      task: started.promise,
      steps: new Map(),
      finish: (error) => (error === undefined ? ended.resolve() : ended.reject(new Error(printShortly(error)))),
    },
    run: (_context, task) => {
      started.resolve(task as Task);
      return ended.promise;
    },
  };
}

/** The whole of an error is told at the end. */
function printShortly(error: Error): string {
  const [head = ""] = error.message.split("\n", 1);
  return error instanceof KbootError && error.where.step !== undefined ? `${error.where.step}: ${head}` : head;
}
