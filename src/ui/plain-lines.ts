import type { EngineEvent } from "../engine/events.ts";
import { printError } from "./print-error.ts";
import { printPlan } from "./print-plan.ts";

/** Events as plain lines with the seconds since the start; undefined for those that say nothing to a reader. */
export function createPlainLines(): (event: EngineEvent) => string | undefined {
  let began: number | undefined;
  return (event) => {
    began ??= event.at;
    const text = describe(event);
    if (text === undefined || event.type === "planned") return text;
    return `${((event.at - began) / 1000).toFixed(1).padStart(6)} s  ${text}\n`;
  };
}

function describe(event: EngineEvent): string | undefined {
  switch (event.type) {
    case "run-started":
      return `cluster ${event.cluster}: ${event.hosts.length} hosts`;
    case "host-reached":
      return undefined;
    case "host-set-aside":
      return `${event.host}: set aside. ${printError(event.error)}`;
    case "waiting":
      return `${event.host}: ${event.text}`;
    case "problem":
      return `${event.host ?? "cluster"}: ${event.message} (${event.check}${event.ignored ? ", ignored" : ""})`;
    case "planned":
      return event.willApply ? undefined : printPlan(event.plan);
    case "step-started":
      return `${event.host}: ${event.title}`;
    case "step-progress":
      return `${event.host}: ${event.text}`;
    case "step-bytes":
      return undefined;
    case "step-finished":
      return `${event.host}: ${event.step} done in ${event.seconds.toFixed(1)} s`;
    case "step-failed":
      return `${event.host}: ${event.step} failed after ${event.seconds.toFixed(1)} s. ${printError(event.error)}`;
    case "run-finished":
      return `${event.ok ? "all in order" : "not all is in order"} after ${event.seconds.toFixed(1)} s`;
  }
}
