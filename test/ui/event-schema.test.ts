import { Ajv } from "ajv";
import test from "ava";
import { buildEventSchema, parseEvent } from "../../src/ui/event-schema.ts";
import { toJsonLine } from "../../src/ui/json-events.ts";
import { failure, record, story } from "./support/story.ts";

const schema = buildEventSchema() as { readonly oneOf: readonly { readonly properties: { readonly type: { readonly const: string } } }[] };
const isValid = new Ajv({ strict: false }).compile(schema);

const all = [
  ...story.map(toJsonLine),
  ...record({ type: "notice", message: "m", hint: "h" }, { type: "fetching", url: "https://example.com/a" }).map(toJsonLine),
  toJsonLine({ at: 1, type: "join-command", command: "kboot join 192.0.2.1:6443" }),
  toJsonLine({ at: 1, type: "error", error: failure.at({}, "r1.jsonl") }),
  toJsonLine({ at: 1, type: "error", error: new TypeError("oops") }),
];

test("every type of event is valid by the published schema", (t) => {
  for (const line of all) t.true(isValid(JSON.parse(line)), `${line}${JSON.stringify(isValid.errors)}`);
  const types = new Set(all.map((line) => (JSON.parse(line) as { type: string }).type));
  t.deepEqual([...types].sort(), schema.oneOf.map(({ properties }) => properties.type.const).sort());
});

test("an event that lacks a field or has another type of it is not", (t) => {
  t.false(isValid({ at: 1, type: "host-reached", host: "cp1" }));
  t.false(isValid({ at: 1, type: "host-reached", host: "cp1", seconds: "2" }));
  t.false(isValid({ at: 1, type: "run-started", version: 2, run: "r", cluster: "c", hosts: [] }));
});

test("a field of a later kboot lets an event stay valid", (t) => {
  t.true(isValid({ at: 1, type: "host-reached", host: "cp1", seconds: 2, mood: "good" }));
});

test("what is read from a log is what was written; a line cut short is none", (t) => {
  for (const line of all) t.deepEqual(parseEvent(line), JSON.parse(line));
  t.is(parseEvent('{"at":1,"type":"host-re'), undefined);
});
