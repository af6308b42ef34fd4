import test from "ava";
import { answerBy } from "../../../src/cli/status/deadline.ts";
import { KbootError } from "../../../src/errors.ts";

const { signal } = new AbortController();
const later = () => Date.now() + 60_000;
const never = () => new Promise<never>(() => {});

test("an answer is handed on", async (t) => {
  t.deepEqual(await answerBy(later(), signal, async () => 3), { value: 3 });
});

test("no answer in time is told as such, also by one who does not listen to the signal", async (t) => {
  let isTold = false;
  const answer = await answerBy(Date.now() + 20, signal, (own) => {
    own.addEventListener("abort", () => {
      isTold = true;
    });
    return never();
  });
  t.deepEqual(answer, { unknown: "no answer in time" });
  t.true(isTold);
});

test("what is asked too late is unknown at once", async (t) => {
  t.deepEqual(await answerBy(Date.now() - 1, signal, never), { unknown: "no answer in time" });
});

test("errors become reasons, of one line", async (t) => {
  const fail = (error: Error) => answerBy(later(), signal, () => Promise.reject(error));
  t.deepEqual(await fail(new KbootError("unreachable", "nobody there\nand more")), { unknown: "nobody there" });
  t.deepEqual(await fail(Object.assign(new Error("premature close"), { code: "ERR_STREAM_PREMATURE_CLOSE" })), {
    unknown: "premature close",
  });
});

test("a bug is thrown", async (t) => {
  await t.throwsAsync(
    answerBy(later(), signal, () => Promise.reject(new TypeError("oops"))),
    { instanceOf: TypeError },
  );
});

test("the end of the run ends the question, with its reason", async (t) => {
  const run = new AbortController();
  const asked = answerBy(later(), run.signal, never);
  run.abort(new KbootError("cancelled", "stopped"));
  await t.throwsAsync(asked, { message: "stopped" });
  await t.throwsAsync(answerBy(later(), run.signal, never), { message: "stopped" });
});
