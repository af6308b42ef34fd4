import test from "ava";
import { KbootError } from "../../../src/errors.ts";
import { parseEvent } from "../../../src/ui/event-schema.ts";
import { toJsonLine } from "../../../src/ui/json-events.ts";
import { createReport, renderReport } from "../../../src/ui/report/report.ts";
import { readTimeline } from "../../../src/ui/report/timeline.ts";
import { record, story } from "../support/story.ts";

const evil = `<script>alert("1")</script>'&`;

test("the page holds every host, step, who waited for whom, round trips and errors", (t) => {
  const page = renderReport(story.map(toJsonLine)) ?? "";
  for (const text of [
    "worker1/join",
    "waited for cp1/cluster-config",
    "host-set-aside",
    "nobody answers",
    "no route to host",
    "not all is in order",
  ]) {
    t.is(page.includes(text), text !== "host-set-aside", text);
  }
  t.regex(page, /<td>cp1<\/td><td>1<\/td><td>[\d.]+<\/td><td>3<\/td><td>1\.2<\/td><td>34\.0<\/td>/);
});

test("the page needs nothing else and runs nothing", (t) => {
  const page = renderReport(story.map(toJsonLine)) ?? "";
  t.notRegex(page, /<script|<link|<img|url\(|@import|https?:/);
});

test("text of others cannot become part of the page", (t) => {
  const error = new KbootError("script", evil, { hint: evil, script: { label: evil, exitCode: 1, stderr: evil } });
  const events = record(
    { type: "run-started", version: 1, run: evil, cluster: evil, hosts: [evil] },
    { type: "step-started", host: evil, step: evil, title: evil, readyAt: 1000, waitedFor: { host: evil, step: evil } },
    { type: "script-finished", host: evil, label: evil, seconds: 1, bytes: 0, exitCode: 1, stderr: evil },
    { type: "step-failed", host: evil, step: evil, seconds: 1, error },
  );
  const page = renderReport(events.map(toJsonLine)) ?? "";
  t.false(page.includes(evil));
  t.notRegex(page, /<script|title="[^"]*</);
});

test("collected as it happens the page is the one made from the log", (t) => {
  const report = createReport();
  for (const event of story) report.listen(event);
  t.is(report.page(), renderReport(story.map(toJsonLine)));
});

test("what took the time is the chain of who waited for whom", (t) => {
  const at = (host: string, step: string) => ({ host, step });
  const events = record(
    { type: "run-started", version: 1, run: "r", cluster: "c", hosts: ["a", "b"] },
    { type: "step-started", ...at("a", "one"), title: "One", readyAt: 1100 },
    { type: "step-started", ...at("b", "one"), title: "One", readyAt: 1100 },
    { type: "step-finished", ...at("a", "one"), seconds: 0.2, changes: 1 },
    { type: "step-finished", ...at("b", "one"), seconds: 0.2, changes: 1 },
    { type: "step-started", ...at("a", "two"), title: "Two", readyAt: 1450, waitedFor: at("b", "one") },
    { type: "step-finished", ...at("a", "two"), seconds: 0.1, changes: 1 },
  ).map((event) => parseEvent(toJsonLine(event)));
  const timeline = readTimeline(events.filter((event) => event !== undefined));
  t.deepEqual(
    timeline?.path.map(({ key }) => key),
    ["b/one", "a/two"],
  );
  t.is(timeline?.ok, undefined);
});

test("steps of a host that overlap lie on lanes of their own, and one that never ended is unfinished", (t) => {
  const events = record(
    { type: "run-started", version: 1, run: "r", cluster: "c", hosts: ["a"] },
    { type: "step-started", host: "a", step: "one", title: "One", readyAt: 1100 },
    { type: "step-started", host: "a", step: "bulk", title: "Bulk", readyAt: 1100 },
    { type: "step-finished", host: "a", step: "one", seconds: 0.2, changes: 1 },
    { type: "step-started", host: "a", step: "two", title: "Two", readyAt: 1400 },
  ).map((event) => parseEvent(toJsonLine(event)));
  const timeline = readTimeline(events.filter((event) => event !== undefined));
  t.deepEqual(
    timeline?.bars.map(({ step, lane, end }) => [step, lane, end]),
    [
      ["one", 0, "done"],
      ["bulk", 1, "unfinished"],
      ["two", 0, "unfinished"],
    ],
  );
});

test("what is no log of a run gives no page", (t) => {
  t.is(renderReport(["", "{}", "no JSON"]), undefined);
});
