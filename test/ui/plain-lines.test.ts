import test from "ava";
import { createPlainLines } from "../../src/ui/plain-lines.ts";
import { printPlan } from "../../src/ui/print-plan.ts";
import { plan, record, story } from "./support/story.ts";

function tell(events: typeof story): string {
  const lines = createPlainLines();
  return events.map((event) => lines(event) ?? "").join("");
}

test("lines tell the story with the time since the start", (t) => {
  t.snapshot(tell(story));
});

test("an error's further lines stand below its first", (t) => {
  t.regex(tell(story), /\n {3}1\.2 s {2}failed after 3\.1 s: worker1 .*\n {12}connecting\n {12}no route to host\n {10}hint: is the API/);
});

test("a plan alone is printed whole and without a time", (t) => {
  t.is(tell(record({ type: "planned", plan, willApply: false })), printPlan(plan));
});

test("what this machine fetches is told by its URL", (t) => {
  const line = createPlainLines()({ type: "fetching", url: "https://mirror.example.com/runc", at: 1 });
  t.is(line, "   0.0 s  fetching https://mirror.example.com/runc\n");
});

test("a notice is told with what to do about it", (t) => {
  const told = tell(record({ type: "notice", message: "it is old", hint: "take another" }));
  t.is(told, "   0.0 s  notice: it is old\n          hint: take another\n");
});
