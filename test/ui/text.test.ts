import test from "ava";
import { createEmit, type Emit, type EngineEvent } from "../../src/engine/events.ts";
import type { Plan } from "../../src/engine/plan.ts";
import { KbootError } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import { createClosing } from "../../src/ui/closing.ts";
import { toJsonLine } from "../../src/ui/json-events.ts";
import { createPlainLines } from "../../src/ui/plain-lines.ts";
import { printError } from "../../src/ui/print-error.ts";
import { printPlan } from "../../src/ui/print-plan.ts";

const plan: Plan = [
  {
    host: "cp1",
    step: "containerd",
    title: "Install containerd",
    changes: [
      { id: "file:/etc/a", differences: [{ what: "content", from: "one\ntwo\n", to: "one\nthree\n" }] },
      { id: "file:/etc/b", differences: [{ what: "mode", from: "0600", to: "0644" }] },
    ],
    action: undefined,
    decidedLater: false,
  },
  { host: "cluster", step: "coredns", title: "Install CoreDNS", changes: [], action: "wait until it runs", decidedLater: true },
];

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
const plain = (text: string): string => text.replaceAll(/\u001b\[\d+m/g, "");

test("a plan shows content as a diff, values from and to, actions, and a summary", (t) => {
  const text = plain(printPlan(plan));
  t.true(text.includes("cp1: Install containerd (containerd)\n  file:/etc/a\n"), text);
  t.regex(text, /-two\n\s+\+three/);
  t.regex(text, /~ mode: 0600 -> 0644/);
  t.regex(text, /cluster: Install CoreDNS \(coredns\) {2}decided again once the API answers\n {2}wait until it runs/);
  t.regex(text, /\n3 changes on 2 hosts\n$/);
});

test("an empty plan is no change", (t) => {
  t.is(printPlan([]), "no change\n");
});

test("an error shows its place, message and hint; a bug its stack and a request", (t) => {
  const error = new KbootError("unreachable", "nobody answers", { where: { host: "w1", address: "192.0.2.1" }, hint: "is it on?" });
  t.is(printError(error), "w1 (192.0.2.1): nobody answers\nhint: is it on?");
  t.regex(printError(new TypeError("oops")), /TypeError: oops[\s\S]+please report it/);
});

function record(...events: readonly Parameters<Emit>[0][]): readonly EngineEvent[] {
  const seen: EngineEvent[] = [];
  const emit = createEmit([(event) => seen.push({ ...event, at: 1000 + seen.length * 100 })]);
  for (const event of events) emit(event);
  return seen;
}

const story = record(
  { type: "run-started", run: "r", cluster: "lab", hosts: ["cp1"] },
  { type: "planned", plan, willApply: true },
  { type: "step-started", host: "cp1", step: "containerd", title: "Install containerd" },
  { type: "step-finished", host: "cp1", step: "containerd", seconds: 1.25, changes: 2 },
  { type: "run-finished", ok: true, seconds: 2, trips: { cp1: 3 } },
);

test("plain lines tell the story with the time since the start", (t) => {
  const line = createPlainLines();
  t.is(
    story.map((event) => line(event) ?? "").join(""),
    "   0.0 s  cluster lab: 1 hosts\n   0.2 s  cp1: Install containerd\n   0.3 s  cp1: containerd done in 1.3 s\n   0.4 s  all in order after 2.0 s\n",
  );
});

test("an apply closes with seconds per step and host and what to do next", (t) => {
  const closing = createClosing("lab.yaml");
  for (const event of story) closing.listen(event);
  t.is(
    closing.text(),
    "\nSECONDS     cp1\ncontainerd  1.3\n\nnext: kboot kubeconfig -f lab.yaml > kubeconfig && kubectl --kubeconfig kubeconfig get nodes\n",
  );
});

test("a plan closes with nothing", (t) => {
  const closing = createClosing("lab.yaml");
  for (const event of record({ type: "planned", plan, willApply: false })) closing.listen(event);
  t.is(closing.text(), "");
});

test("an event is one line of JSON, with errors as data and secrets hidden", (t) => {
  const error = new KbootError("api", "refused", { where: { host: "cp1" }, cause: new Error("inner") });
  const [event] = record({
    type: "step-failed",
    host: "cp1",
    step: "api",
    seconds: 1,
    error,
    extra: new Secret("hush"),
  } as Parameters<Emit>[0]);
  const line = toJsonLine(event as EngineEvent);
  t.false(line.includes("hush"));
  t.is(line.split("\n").length, 2);
  t.like(JSON.parse(line), { type: "step-failed", error: { code: "api", message: "refused", where: { host: "cp1" } } });
});
