import type { EngineEvent } from "../engine/events.ts";
import { formatTable } from "./table.ts";

export interface ClosingOptions {
  /** What to do after a run that ended well. */
  readonly next: string | undefined;
  /** Where the log of the run is, for reading. It is told of a run that ended well; else the error tells it. */
  readonly log: string | undefined;
  /** Of the terminal; a table that is wider has one line a step instead of one column a host. */
  readonly width: number;
}

type Seconds = ReadonlyMap<string, ReadonlyMap<string, number>>;

/**
 * Collects times; its text is the end of an apply: seconds per step and host, the longest step of each host marked, what they sum up to,
 * round trips, and what to do next.
 */
export function createClosing({ next, log, width }: ClosingOptions): { listen(event: EngineEvent): void; text(): string } {
  const seconds = new Map<string, Map<string, number>>();
  let trips: Readonly<Record<string, number>> = {};
  let applied = false;
  let ok = false;
  return {
    listen(event) {
      if (event.type === "planned") applied = event.willApply;
      if (event.type === "step-started" && !seconds.has(event.step)) seconds.set(event.step, new Map());
      if (event.type === "step-finished" || event.type === "step-failed") seconds.get(event.step)?.set(event.host, event.seconds);
      if (event.type === "run-finished") ({ ok, trips } = event);
    },
    text() {
      if (!applied) return "";
      return [
        "",
        seconds.size === 0 ? "nothing had to be changed" : printTimes(seconds, trips, width),
        ...(log === undefined || !ok ? [] : [`log: ${log}`]),
        ...(ok && next !== undefined ? [`next: ${next}`] : []),
        "",
      ].join("\n");
    },
  };
}

function printTimes(seconds: Seconds, trips: Readonly<Record<string, number>>, width: number): string {
  const hosts = [...new Set([...Object.keys(trips), ...[...seconds.values()].flatMap((byHost) => [...byHost.keys()])])].sort();
  const sideBySide = printByHost(seconds, trips, hosts);
  return widest(sideBySide) <= width ? sideBySide : printByStep(seconds, trips, hosts);
}

function widest(text: string): number {
  return Math.max(...text.split("\n").map((line) => line.length));
}

/** A column for each host. */
function printByHost(seconds: Seconds, trips: Readonly<Record<string, number>>, hosts: readonly string[]): string {
  const longest = new Map(hosts.map((host) => [host, longestStep(seconds, host)]));
  const rows = [...seconds].map(([step, byHost]) => [
    step,
    ...hosts.map((host) => {
      const own = byHost.get(host);
      return own === undefined ? "" : `${own.toFixed(1)}${longest.get(host)?.step === step ? " *" : ""}`;
    }),
  ]);
  return formatTable(
    ["SECONDS", ...hosts],
    [
      ...rows,
      ["sum (* longest)", ...hosts.map((host) => sumOf(seconds, host).toFixed(1))],
      ["round trips", ...hosts.map((host) => trips[host]?.toString() ?? "")],
    ],
  );
}

/** A line for each step with its slowest host, then one for the host that was longest at work. */
function printByStep(seconds: Seconds, trips: Readonly<Record<string, number>>, hosts: readonly string[]): string {
  const steps = [...seconds].map(([step, byHost]) => {
    const [host, most] = [...byHost].toSorted(([, one], [, other]) => other - one)[0] ?? ["", 0];
    return [step, String(byHost.size), host, most.toFixed(1)];
  });
  const [busiest = ""] = hosts.toSorted((one, other) => sumOf(seconds, other) - sumOf(seconds, one));
  const most = Object.values(trips).reduce((one, other) => Math.max(one, other), 0);
  return (
    formatTable(
      ["STEP", "HOSTS", "SLOWEST", "SECONDS"],
      [...steps, ["sum", String(hosts.length), busiest, sumOf(seconds, busiest).toFixed(1)]],
    ) + (most === 0 ? "" : `at most ${most} round trips to a host\n`)
  );
}

function longestStep(seconds: Seconds, host: string): { readonly step: string; readonly seconds: number } | undefined {
  return [...seconds]
    .flatMap(([step, byHost]) => {
      const own = byHost.get(host);
      return own === undefined ? [] : [{ step, seconds: own }];
    })
    .toSorted((one, other) => other.seconds - one.seconds)[0];
}

/** Steps of a host may run beside each other, so this may be more than the time that has passed. */
function sumOf(seconds: Seconds, host: string): number {
  return [...seconds.values()].reduce((sum, byHost) => sum + (byHost.get(host) ?? 0), 0);
}
