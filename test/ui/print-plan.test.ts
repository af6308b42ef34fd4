import { stripVTControlCharacters } from "node:util";
import test from "ava";
import { createColours } from "../../src/ui/colours.ts";
import { printPlan, summarizePlan } from "../../src/ui/print-plan.ts";
import { interruptions, plan } from "./support/story.ts";

test("a plan shows each change by host and step, content as a diff, and a summary", (t) => {
  t.snapshot(printPlan({ plan, interruptions }));
});

test("lines of new content that begin with signs of a diff stay", (t) => {
  t.regex(printPlan({ plan, interruptions }), /\n\s+\+-- a\n\s+\+\+\+ b\n/);
});

test("colours only colour", (t) => {
  const coloured = printPlan({ plan, interruptions }, createColours(true));
  t.not(coloured, printPlan({ plan, interruptions }));
  t.is(stripVTControlCharacters(coloured), printPlan({ plan, interruptions }));
});

test("an empty plan is no change", (t) => {
  t.is(printPlan({ plan: [], interruptions: [] }), "no change\n");
});

test("the summary counts what changes, and tells hosts from the cluster", (t) => {
  t.is(summarizePlan(plan), "6 changes on 2 hosts and in the cluster");
  t.is(summarizePlan(plan.slice(1, 2)), "1 change on 1 host");
  t.is(summarizePlan(plan.slice(2)), "1 change in the cluster");
});
