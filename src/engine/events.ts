import type { ErrorCode } from "../errors.ts";
import type { Interruption, Plan } from "./plan.ts";

/** The version of the events' shape. */
export const eventVersion = 1;

/** A step on a host. */
export interface Place {
  readonly host: string;
  readonly step: string;
}

/** What happens during a run, as it happens. Holds no secrets. Times are milliseconds since the epoch. */
export type EngineEvent = { readonly at: number } & (
  | {
      readonly type: "run-started";
      /** Of the shape of all events. It grows when a field goes or means something else, not when one is added. */
      readonly version: typeof eventVersion;
      readonly run: string;
      readonly cluster: string;
      readonly hosts: readonly string[];
    }
  | { readonly type: "host-reached"; readonly host: string; readonly seconds: number }
  | { readonly type: "host-set-aside"; readonly host: string; readonly error: Error }
  | { readonly type: "waiting"; readonly host: string; readonly text: string }
  /** This machine brings something here, for itself or to send it on. */
  | { readonly type: "fetching"; readonly url: string }
  | {
      readonly type: "problem";
      readonly check: string;
      /** What the catalogue of errors calls it. */
      readonly code: ErrorCode;
      readonly host: string | undefined;
      readonly message: string;
      readonly hint: string;
      readonly ignored: boolean;
    }
  | { readonly type: "notice"; readonly message: string; readonly hint: string }
  | {
      readonly type: "planned";
      readonly plan: Plan;
      readonly interruptions: readonly Interruption[];
      readonly willApply: boolean;
    }
  | {
      readonly type: "step-started";
      readonly host: string;
      readonly step: string;
      readonly title: string;
      /** When all that it comes after was done. */
      readonly readyAt: number;
      /** What it had to wait for last, among what was done in this run. */
      readonly waitedFor?: Place | undefined;
    }
  /** A script has ended on a host. For the log and for programs. */
  | {
      readonly type: "script-finished";
      readonly host: string;
      readonly label: string;
      readonly seconds: number;
      /** Of the payload that went with it. */
      readonly bytes: number;
      readonly exitCode: number;
      readonly stderr: string;
    }
  | { readonly type: "step-progress"; readonly host: string; readonly step: string; readonly text: string }
  | { readonly type: "step-bytes"; readonly host: string; readonly step: string; readonly sent: number; readonly total: number }
  | { readonly type: "step-finished"; readonly host: string; readonly step: string; readonly seconds: number; readonly changes: number }
  | { readonly type: "step-failed"; readonly host: string; readonly step: string; readonly seconds: number; readonly error: Error }
  | { readonly type: "run-finished"; readonly ok: boolean; readonly seconds: number; readonly trips: Readonly<Record<string, number>> }
);

type Untimed<E> = E extends EngineEvent ? Omit<E, "at"> : never;

/** Sends an event to whoever listens; the time is added. */
export type Emit = (event: Untimed<EngineEvent>) => void;

/** An `Emit` that stamps each event and hands it to every listener. */
export function createEmit(listeners: readonly ((event: EngineEvent) => void)[]): Emit {
  return (event) => {
    const stamped = { at: Date.now(), ...event } as EngineEvent;
    for (const listener of listeners) listener(stamped);
  };
}
