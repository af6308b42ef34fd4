import type { EngineEvent } from "../engine/events.ts";
import { type Colours, createColours } from "./colours.ts";
import { count } from "./count.ts";
import { printError } from "./print-error.ts";
import { printPlan, summarizePlan } from "./print-plan.ts";
import { longTransferBytes, printProgress, Transfers } from "./transfer.ts";

/** Of a long transfer a line is told this often. */
const transferLineMs = 10_000;

/** Events as plain lines with the seconds since the start; undefined for those that say nothing to a reader. */
export function createPlainLines(colours: Colours = createColours(false)): (event: EngineEvent) => string | undefined {
  const titles = new Map<string, string>();
  const tellTransfer = createTransferLines(titles);
  let began: number | undefined;
  return (event) => {
    began ??= event.at;
    if (event.type === "step-started") titles.set(event.step, event.title);
    if (event.type === "planned" && !event.willApply) return printPlan(event, colours);
    const text = event.type === "step-bytes" ? tellTransfer(event) : describe(event, titles, colours);
    if (text === undefined) return undefined;
    const time = `${((event.at - began) / 1000).toFixed(1).padStart(6)} s  `;
    return `${colours.dim(time)}${text.replaceAll("\n", `\n${" ".repeat(time.length)}`)}\n`;
  };
}

type BytesEvent = Extract<EngineEvent, { type: "step-bytes" }>;

/** A line every ten seconds for a transfer that takes longer than that; none for others, since their step says when it is done. */
function createTransferLines(titles: ReadonlyMap<string, string>): (event: BytesEvent) => string | undefined {
  const transfers = new Transfers();
  const told = new Map<string, number>();
  return ({ at, host, step, sent, total }) => {
    const key = `${host}/${step}`;
    const progress = transfers.follow(key, at, sent, total);
    const last = told.get(key) ?? at;
    if (at - last < transferLineMs || sent === total || total < longTransferBytes) {
      if (!told.has(key)) told.set(key, at);
      return undefined;
    }
    told.set(key, at);
    return `${host}: ${titles.get(step) ?? step}: ${printProgress(progress)}`;
  };
}

function describe(event: Exclude<EngineEvent, BytesEvent>, titles: ReadonlyMap<string, string>, colours: Colours): string | undefined {
  switch (event.type) {
    case "run-started":
      return `cluster ${event.cluster}: ${count(event.hosts.length, "host")}`;
    case "host-reached":
    case "script-finished":
      return undefined;
    case "host-set-aside":
      return `${colours.red("set aside:")} ${printError(event.error)}`;
    case "waiting":
      return `${event.host}: ${event.text}`;
    case "fetching":
      return `fetching ${event.url}`;
    case "problem":
      // those that are not ignored end the run with an error that holds them all
      return event.ignored ? `${event.host ?? "cluster"}: ${event.message} (${event.check}, ignored)` : undefined;
    case "notice":
      return `${colours.yellow("notice:")} ${event.message}\nhint: ${event.hint}`;
    case "planned":
      return summarizePlan(event.plan);
    case "step-started":
      return `${event.host}: ${event.title}`;
    case "step-progress":
      return `${event.host}: ${event.text}`;
    case "step-finished":
      return `${event.host}: ${titles.get(event.step) ?? event.step}: done in ${event.seconds.toFixed(1)} s`;
    case "step-failed":
      return `${colours.red("failed")} after ${event.seconds.toFixed(1)} s: ${printError(event.error)}`;
    case "run-finished":
      return `${event.ok ? "all in order" : "not all is in order"} after ${event.seconds.toFixed(1)} s`;
  }
}
