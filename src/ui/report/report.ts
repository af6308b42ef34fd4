import type { EngineEvent } from "../../engine/events.ts";
import { type JsonEvent, parseEvent } from "../event-schema.ts";
import { type ErrorEvent, toJsonLine } from "../json-events.ts";
import { renderPage } from "./page.ts";
import { readTimeline } from "./timeline.ts";

/** The report of a run from the lines of its log; undefined when the start of a run is not among them. */
export function renderReport(lines: Iterable<string>): string | undefined {
  const report = createReport();
  for (const line of lines) report.take(parseEvent(line));
  return report.page();
}

export interface Report {
  listen(event: EngineEvent | ErrorEvent): void;
  take(event: JsonEvent | undefined): void;
  page(): string | undefined;
}

/** What a report does not show: the plan, and how far transfers are. */
const unshown: ReadonlySet<string> = new Set(["planned", "step-bytes", "step-progress"]);

/** Collects what a report needs of a run as it happens. */
export function createReport(): Report {
  const events: JsonEvent[] = [];
  return {
    listen(event) {
      if (!unshown.has(event.type)) this.take(parseEvent(toJsonLine(event)));
    },
    take(event) {
      if (event !== undefined && !unshown.has(event.type)) events.push(event);
    },
    page() {
      const timeline = readTimeline(events);
      return timeline && renderPage(timeline);
    },
  };
}
