import test from "ava";
import { checksFailed, type FoundProblem } from "../../src/engine/checks-failed.ts";
import { KbootError } from "../../src/errors.ts";

const late: FoundProblem = { check: "clock", code: "clock-skew", host: "w1", message: "its clock is late", hint: "set it" };
const small: FoundProblem = { check: "memory", code: "out-of-memory", host: "w1", message: "it is small", hint: "let it grow" };

test("one problem gives its code, its host and what to do, and the exit code of failed checks", (t) => {
  const error = checksFailed([late], new Map());
  t.is(error.code, "clock-skew");
  t.is(error.exitCode, 3);
  t.deepEqual(error.where, { host: "w1", step: "checks" });
  t.is(error.message, "1 check failed, nothing was changed\n  w1: its clock is late (clock)");
  t.is(error.hint, "set it; or name clock under ignoreChecks in the inventory, if you know better");
  t.is(error.at({}).exitCode, 3);
});

test("several problems are all told with what to do, and share the code or host that is the same", (t) => {
  const ofOne = checksFailed([late, small], new Map());
  t.is(ofOne.code, "check");
  t.is(ofOne.where.host, "w1");
  t.is(
    ofOne.message,
    "2 checks failed, nothing was changed\n  w1: its clock is late (clock)\n    set it\n  w1: it is small (memory)\n    let it grow",
  );
  const ofTwo = checksFailed([late, { ...late, host: "w2" }], new Map());
  t.is(ofTwo.code, "clock-skew");
  t.is(ofTwo.where.host, undefined);
  t.regex(ofTwo.message, /w1: its clock.*\n.*\n {2}w2: its clock/);
});

test("a problem of a host that was not reached gives the reason for that", (t) => {
  const refused = new KbootError("connection-refused", "nothing listens", { where: { host: "w1" }, hint: "start sshd" });
  const error = checksFailed([{ ...late, host: "w2" }, small], new Map([["w1", refused]]));
  t.is(error.code, "connection-refused");
  t.is(error.exitCode, 69);
  t.regex(error.message, /^nothing listens\n {2}2 checks failed/);
  t.is(error.hint, "start sshd");
});
