import test from "ava";
import { KbootError, type KbootErrorOptions } from "../../src/errors.ts";
import { printError } from "../../src/ui/print-error.ts";
import { failure } from "./support/story.ts";

const shows = test.macro((t, message: string, options: KbootErrorOptions, expected: string) => {
  t.is(printError(new KbootError("usage", message, options)), expected);
});

test("an error without a place is its message", shows, "stopped", {}, "stopped");
test(
  "host and address stand before the message, the hint below it",
  shows,
  "nobody answers",
  { where: { host: "w1", address: "192.0.2.1" }, hint: "is it on?" },
  "w1 (192.0.2.1): nobody answers\nhint: is it on?",
);
test("a host that is its own address is named once", shows, "m", { where: { host: "192.0.2.1", address: "192.0.2.1" } }, "192.0.2.1: m");
test("a file is named with line and column", shows, "m", { where: { file: "a.yaml", line: 3, column: 5, field: "x" } }, "a.yaml:3:5, x: m");
test(
  "the last lines of a failed script's stderr are shown",
  shows,
  "m",
  { script: { label: "l", exitCode: 1, stderr: "a\nb\nc\nd\ne\nf\n" } },
  "m\n  b\n  c\n  d\n  e\n  f",
);
test(
  "lines that the message holds are not repeated",
  shows,
  "m\n  disk full",
  { script: { label: "l", exitCode: 1, stderr: "unpacking\n  disk full\n" } },
  "m\n  disk full\n  unpacking",
);

test("place, step, message, stderr and hint stand in this order", (t) => {
  t.is(
    printError(failure),
    "worker1 (192.0.2.21), join: join the cluster failed: exit code 2\n  connecting\n  no route to host\nhint: is the API reachable from there?\nmore: kboot explain script",
  );
});

test("the log is told last", (t) => {
  t.is(printError(failure.at({}, "r1.jsonl")).split("\n").at(-1), "log: r1.jsonl");
});

test("a bug shows its stack and asks for a report", (t) => {
  t.regex(printError(new TypeError("oops")), /^TypeError: oops\n.*print-error\.test\.ts[\s\S]+please report it/);
  t.regex(printError("thrown text"), /^thrown text\nthis is a bug/);
});
