import test from "ava";
import type { EngineEvent } from "../../src/engine/events.ts";
import { thinBytes } from "../../src/ui/thin-bytes.ts";

function bytes(at: number, sent: number, host = "cp1"): EngineEvent {
  return { at, type: "step-bytes", host, step: "images", sent, total: 100 };
}

test("of a transfer's progress two events a second and the last one pass, of each host by itself", (t) => {
  const seen: EngineEvent[] = [];
  const listen = thinBytes((event) => seen.push(event));
  const events = [bytes(1000, 1), bytes(1010, 2), bytes(1010, 1, "w1"), bytes(1499, 3), bytes(1500, 4), bytes(1510, 99), bytes(1520, 100)];
  for (const event of events) listen(event);
  t.deepEqual(seen, [bytes(1000, 1), bytes(1010, 1, "w1"), bytes(1500, 4), bytes(1520, 100)]);
});

test("other events all pass", (t) => {
  const seen: EngineEvent[] = [];
  const listen = thinBytes((event) => seen.push(event));
  const event: EngineEvent = { at: 1, type: "step-progress", host: "cp1", step: "api", text: "asking" };
  listen(event);
  listen(event);
  t.is(seen.length, 2);
});
