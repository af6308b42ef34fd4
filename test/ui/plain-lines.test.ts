import test from "ava";
import type { EngineEvent } from "../../src/engine/events.ts";
import { createPlainLines } from "../../src/ui/plain-lines.ts";
import { printPlan } from "../../src/ui/print-plan.ts";
import { plan, record, story } from "./support/story.ts";

function tell(events: readonly EngineEvent[]): string {
  const lines = createPlainLines();
  return events.map((event) => lines(event) ?? "").join("");
}

test("lines tell the story with the time since the start", (t) => {
  t.snapshot(tell(story));
});

test("an error's further lines stand below its first", (t) => {
  t.regex(tell(story), /\n {3}1\.4 s {2}failed after 3\.1 s: worker1 .*\n {12}connecting\n {12}no route to host\n {10}hint: is the API/);
});

test("a long transfer is told every ten seconds, a short one not at all", (t) => {
  const began: EngineEvent = { at: 0, type: "step-started", host: "cp1", step: "images", title: "Import images", readyAt: 0 };
  const bytes = Array.from({ length: 26 }, (_, second): EngineEvent => {
    return { at: second * 1000, type: "step-bytes", host: "cp1", step: "images", sent: second * 4e6, total: 100e6 };
  });
  t.deepEqual(
    tell([began, ...bytes])
      .trimEnd()
      .split("\n"),
    [
      "   0.0 s  cp1: Import images",
      "  10.0 s  cp1: Import images: 40 of 100 MB, 4.0 MB/s, 15 s left",
      "  20.0 s  cp1: Import images: 80 of 100 MB, 4.0 MB/s, 5 s left",
    ],
  );
  t.is(tell(bytes.slice(0, 10)), "");
});

test("a plan alone is printed whole and without a time", (t) => {
  t.is(tell(record({ type: "planned", plan, interruptions: [], willApply: false })), printPlan({ plan, interruptions: [] }));
});

test("what this machine fetches is told by its URL", (t) => {
  const line = createPlainLines()({ type: "fetching", url: "https://mirror.example.com/runc", at: 1 });
  t.is(line, "   0.0 s  fetching https://mirror.example.com/runc\n");
});

test("a notice is told with what to do about it", (t) => {
  const told = tell(record({ type: "notice", message: "it is old", hint: "take another" }));
  t.is(told, "   0.0 s  notice: it is old\n          hint: take another\n");
});
