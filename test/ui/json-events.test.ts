import test from "ava";
import type { EngineEvent } from "../../src/engine/events.ts";
import { Secret } from "../../src/secret.ts";
import { toJsonLine } from "../../src/ui/json-events.ts";
import { failure, story } from "./support/story.ts";

test("every event is one line of JSON that says the same", (t) => {
  for (const event of story) {
    const line = toJsonLine(event);
    t.is(line.indexOf("\n"), line.length - 1);
    t.is((JSON.parse(line) as EngineEvent).type, event.type);
  }
});

test("an error becomes code, message, hint, place and failed script", (t) => {
  const { code, exitCode, transient, message, hint, where, script } = failure;
  t.deepEqual(JSON.parse(toJsonLine({ at: 1, type: "error", error: failure })), {
    at: 1,
    type: "error",
    error: { code, exitCode, transient, message, hint, where, script },
  });
});

test("a bug keeps its stack", (t) => {
  const { error } = JSON.parse(toJsonLine({ at: 1, type: "error", error: new TypeError("oops") })) as {
    error: Record<string, string>;
  };
  t.like(error, { code: "bug", message: "oops" });
  t.regex(error["stack"] ?? "", /json-events\.test\.ts/);
});

test("a secret that got into an event does not show", (t) => {
  const line = toJsonLine({ at: 1, type: "waiting", host: "cp1", text: new Secret("hush") as unknown as string });
  t.false(line.includes("hush"));
  t.true(line.includes("[secret]"));
});
