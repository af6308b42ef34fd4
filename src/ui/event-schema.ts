import { z } from "zod";
import { type EngineEvent, eventVersion } from "../engine/events.ts";
import { errorCodes } from "../errors/catalogue.ts";
import type { ErrorEvent, JoinCommandEvent } from "./json-events.ts";

const at = z.number().describe("milliseconds since the epoch");
const host = z.string();
const step = z.string();
const seconds = z.number();
const place = z.object({ host, step });

const where = z.object({
  host: host.optional(),
  address: z.string().optional(),
  step: step.optional(),
  file: z.string().optional(),
  line: z.number().optional(),
  column: z.number().optional(),
  field: z.string().optional(),
});

const errorCode = z.enum(errorCodes as [string, ...string[]]).describe("docs/errors.md lists them");

const knownError = z.object({
  code: errorCode,
  exitCode: z.number(),
  transient: z.boolean().describe("whether trying again can heal it"),
  message: z.string(),
  hint: z.string().optional().describe("what to do next"),
  where,
  script: z
    .object({ label: z.string(), exitCode: z.number(), stderr: z.string() })
    .optional()
    .describe("the script that failed, with all of its stderr"),
  log: z.string().optional(),
});
const error = z.union([knownError, z.object({ code: z.literal("bug"), message: z.string(), stack: z.string().optional() })]);

const difference = z.object({
  what: z.string(),
  from: z.string().optional(),
  to: z.string().optional(),
  unsure: z.boolean().optional(),
  seenBy: z.string().optional().describe("the id of the thing of the same host without which it cannot be seen"),
  follows: z.boolean().optional(),
});
const plannedPair = z.object({
  host,
  step,
  title: z.string(),
  changes: z.array(z.object({ id: z.string(), differences: z.array(difference), wish: z.string().optional() })),
  action: z.string().optional(),
  decidedLater: z.boolean(),
});

const interruption = z.object({ host, what: z.string(), reason: z.string(), effect: z.string() });

const eventSchema = z.discriminatedUnion("type", [
  z.object({
    at,
    type: z.literal("run-started"),
    version: z.literal(eventVersion),
    run: z.string(),
    cluster: z.string(),
    hosts: z.array(host),
  }),
  z.object({ at, type: z.literal("host-reached"), host, seconds }),
  z.object({ at, type: z.literal("host-set-aside"), host, error }),
  z.object({ at, type: z.literal("waiting"), host, text: z.string() }),
  z.object({ at, type: z.literal("fetching"), url: z.string() }),
  z.object({
    at,
    type: z.literal("problem"),
    check: z.string(),
    code: errorCode,
    host: host.optional(),
    message: z.string(),
    hint: z.string(),
    ignored: z.boolean(),
  }),
  z.object({ at, type: z.literal("notice"), message: z.string(), hint: z.string() }),
  z.object({ at, type: z.literal("planned"), plan: z.array(plannedPair), interruptions: z.array(interruption), willApply: z.boolean() }),
  z.object({
    at,
    type: z.literal("step-started"),
    host,
    step,
    title: z.string(),
    readyAt: at,
    waitedFor: place.optional().describe("what it had to wait for last, among what was done in this run"),
  }),
  z.object({
    at,
    type: z.literal("script-finished"),
    host,
    label: z.string(),
    seconds,
    bytes: z.number().describe("of its payload"),
    exitCode: z.number(),
    stderr: z.string(),
  }),
  z.object({ at, type: z.literal("step-progress"), host, step, text: z.string() }),
  z.object({ at, type: z.literal("step-bytes"), host, step, sent: z.number(), total: z.number() }),
  z.object({ at, type: z.literal("step-finished"), host, step, seconds, changes: z.number() }),
  z.object({ at, type: z.literal("step-failed"), host, step, seconds, error }),
  z.object({
    at,
    type: z.literal("run-finished"),
    ok: z.boolean(),
    seconds,
    trips: z.record(z.string(), z.number()).describe("scripts sent to each host"),
  }),
  z.object({
    at,
    type: z.literal("join-command"),
    command: z.string().describe("of init: the line by which a machine joins, after the run; it may hold a token, and is in no log"),
  }),
  z.object({ at, type: z.literal("error"), error: error.describe("why the run did not end well; comes last, or alone") }),
]);

/** An event as programs read it. */
export type JsonEvent = z.infer<typeof eventSchema>;

type Emitted = EngineEvent | ErrorEvent | JoinCommandEvent;
type FieldsOf<E extends { readonly type: string }> = { readonly [T in E["type"]]: keyof Extract<E, { type: T }> };
type IsSame<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

/** Does not compile when an event has a type or field that the schema lacks, or the other way round. */
const isComplete: IsSame<FieldsOf<Emitted>, FieldsOf<JsonEvent>> = true;

/** What one line of `--output json` or of a log is, as a JSON Schema. Fields may be added within a version: readers let pass what they do not know. */
export function buildEventSchema(): object {
  return {
    title: `kboot event, version ${eventVersion}`,
    ...(isComplete && z.toJSONSchema(eventSchema, { target: "draft-07", io: "input" })),
  };
}

/** One line of a log; undefined where it is no event of this version. */
export function parseEvent(line: string): JsonEvent | undefined {
  try {
    return eventSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
