import { Listr, type ListrTaskWrapper } from "listr2";
import type { EngineEvent } from "../engine/events.ts";

type Task = ListrTaskWrapper<unknown, never, never>;

interface Line {
  readonly task: Promise<Task>;
  /** Steps that run on the host now, with what each says. */
  readonly steps: Map<string, string>;
  finish(error?: Error): void;
}

/**
 * One live line per host on a terminal: what it does now, and bytes on long transfers. listr2 only draws; the engine decides
 * what failed.
 */
export function createLiveDisplay(): { listen(event: EngineEvent): void; close(): Promise<void> } {
  const lines = new Map<string, Line>();
  let drawing: Promise<unknown> = Promise.resolve();

  function begin(hosts: readonly string[]): void {
    const tasks = hosts.map((host) => {
      const started = Promise.withResolvers<Task>();
      const ended = Promise.withResolvers<void>();
      lines.set(host, {
        task: started.promise,
        steps: new Map(),
        finish: (error) => (error === undefined ? ended.resolve() : ended.reject(error)),
      });
      return {
        title: host,
        task: (_context: unknown, task: unknown): Promise<void> => {
          started.resolve(task as Task);
          return ended.promise;
        },
      };
    });
    drawing = new Listr(tasks, { concurrent: true, exitOnError: false, rendererOptions: { collapseErrors: false } })
      .run()
      .catch(() => undefined);
  }

  function redraw(host: string): void {
    const line = lines.get(host);
    if (line === undefined) return;
    const now = [...line.steps.values()].join(" | ");
    line.task.then(
      (task) => {
        task.title = now === "" ? host : `${host}: ${now}`;
      },
      () => undefined,
    );
  }

  return {
    listen(event) {
      switch (event.type) {
        case "planned":
          if (event.willApply) begin([...new Set(event.plan.map((pair) => pair.host))]);
          break;
        case "step-started":
          lines.get(event.host)?.steps.set(event.step, event.title);
          redraw(event.host);
          break;
        case "step-progress":
          lines.get(event.host)?.steps.set(event.step, event.text);
          redraw(event.host);
          break;
        case "step-bytes": {
          if (event.total < 1_000_000) break;
          const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
          lines.get(event.host)?.steps.set(event.step, `${event.step} ${megabytes(event.sent)}/${megabytes(event.total)} MB`);
          redraw(event.host);
          break;
        }
        case "step-finished":
          lines.get(event.host)?.steps.delete(event.step);
          redraw(event.host);
          break;
        case "step-failed":
          lines.get(event.host)?.finish(event.error);
          break;
        case "run-finished":
          for (const line of lines.values()) line.finish();
          break;
      }
    },
    async close() {
      for (const line of lines.values()) line.finish();
      await drawing;
    },
  };
}
