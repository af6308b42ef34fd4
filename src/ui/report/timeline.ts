import type { JsonEvent } from "../event-schema.ts";

type JsonError = Extract<JsonEvent, { type: "error" }>["error"];

/** One step on one host. Times are milliseconds since the start of the run. */
export interface Bar {
  readonly key: string;
  readonly host: string;
  readonly step: string;
  readonly title: string;
  readonly readyAt: number;
  readonly from: number;
  /** Of a step that has not ended: the last that is known of the run. */
  readonly to: number;
  readonly end: "done" | "failed" | "unfinished";
  readonly changes: number;
  /** The key of the bar that it waited for last. */
  readonly waitedFor: string | undefined;
  /** Bars of a host that overlap have different lanes, from 0. */
  readonly lane: number;
}

export interface Timeline {
  readonly cluster: string;
  readonly run: string;
  readonly startedAt: Date;
  /** Of the whole, in milliseconds. */
  readonly length: number;
  /** Undefined: the run did not come to its end. */
  readonly ok: boolean | undefined;
  readonly hosts: readonly string[];
  readonly bars: readonly Bar[];
  /** From the first step to the one that ended last, each the one that the next waited for last: what the run took its time for. */
  readonly path: readonly Bar[];
  readonly trips: Readonly<Record<string, number>>;
  readonly scripts: readonly Extract<JsonEvent, { type: "script-finished" }>[];
  readonly errors: readonly { readonly place: string; readonly error: JsonError }[];
}

/** What happened when, from the events of one run; undefined when they do not hold its start. */
export function readTimeline(events: readonly JsonEvent[]): Timeline | undefined {
  const start = firstOf(events, "run-started");
  if (start === undefined) return undefined;
  const finish = firstOf(events, "run-finished");
  const last = events.reduce((latest, { at }) => Math.max(latest, at), start.at);
  const bars = readBars(events, start.at, last);
  return {
    cluster: start.cluster,
    run: start.run,
    startedAt: new Date(start.at),
    length: Math.max(1, last - start.at),
    ok: finish?.ok,
    hosts: [...new Set([...start.hosts, ...bars.map(({ host }) => host)])],
    bars,
    path: longestPath(bars),
    trips: finish?.trips ?? {},
    scripts: events.filter((event) => event.type === "script-finished"),
    errors: readErrors(events),
  };
}

function firstOf<T extends JsonEvent["type"]>(events: readonly JsonEvent[], type: T): Extract<JsonEvent, { type: T }> | undefined {
  return events.find((event): event is Extract<JsonEvent, { type: T }> => event.type === type);
}

function keyOf({ host, step }: { readonly host: string; readonly step: string }): string {
  return `${host}/${step}`;
}

function readBars(events: readonly JsonEvent[], zero: number, last: number): readonly Bar[] {
  const ends = new Map(
    events.flatMap((event) => (event.type === "step-finished" || event.type === "step-failed" ? [[keyOf(event), event] as const] : [])),
  );
  const lanes = new Map<string, number[]>();
  return events.flatMap((event): Bar[] => {
    if (event.type !== "step-started") return [];
    const { host, step, title, waitedFor } = event;
    const end = ends.get(keyOf(event));
    const [from, to] = [event.at - zero, (end?.at ?? last) - zero];
    const busy = lanes.get(host) ?? [];
    lanes.set(host, busy);
    const free = busy.findIndex((until) => until <= from);
    const lane = free < 0 ? busy.length : free;
    busy[lane] = to;
    return [
      {
        key: keyOf(event),
        host,
        step,
        title,
        readyAt: event.readyAt - zero,
        from,
        to,
        end: end === undefined ? "unfinished" : end.type === "step-failed" ? "failed" : "done",
        changes: end?.type === "step-finished" ? end.changes : 0,
        waitedFor: waitedFor && keyOf(waitedFor),
        lane,
      },
    ];
  });
}

function longestPath(bars: readonly Bar[]): readonly Bar[] {
  const byKey = new Map(bars.map((bar) => [bar.key, bar]));
  const path: Bar[] = [];
  let at = bars.toSorted((one, other) => other.to - one.to)[0];
  while (at !== undefined && !path.includes(at)) {
    path.unshift(at);
    at = at.waitedFor === undefined ? undefined : byKey.get(at.waitedFor);
  }
  return path;
}

/** The error of the whole run is left out where it only repeats that of a host. */
function readErrors(events: readonly JsonEvent[]): Timeline["errors"] {
  const own = events.flatMap((event) => {
    if (event.type === "step-failed") return [{ place: keyOf(event), error: event.error }];
    return event.type === "host-set-aside" ? [{ place: event.host, error: event.error }] : [];
  });
  const whole = events.flatMap((event) => (event.type === "error" ? [{ place: "the run", error: event.error }] : []));
  return [...own, ...whole.filter(({ error }) => !own.some((other) => other.error.message === error.message))];
}
