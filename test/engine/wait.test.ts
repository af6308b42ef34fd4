import test from "ava";
import { waitFor } from "../../src/engine/wait.ts";
import { KbootError } from "../../src/errors.ts";

const { signal } = new AbortController();
const wait = { what: "rain", timeoutSeconds: 30, signal, hint: "be patient", intervalMs: 20 };

test("what no waiting heals ends a wait within five seconds", async (t) => {
  const began = Date.now();
  const inspect = async () => new KbootError("etcd-damaged", "it is broken");
  const error = await t.throwsAsync(
    waitFor({ ...wait, inspect }, async () => undefined),
    { instanceOf: KbootError },
  );
  t.is(error.code, "etcd-damaged");
  t.true(Date.now() - began < 5000);
});

test("when patience is over the last look may find more", async (t) => {
  const inspect = async (what: string, _seconds: number, isLast: boolean) =>
    isLast ? new KbootError("network-not-ready", `waited in vain for ${what}`) : undefined;
  const error = await t.throwsAsync(
    waitFor({ ...wait, timeoutSeconds: 0.1, inspect }, async () => undefined),
    { instanceOf: KbootError },
  );
  t.is(error.code, "network-not-ready");
});

test("a transient error is asked again, another ends the wait at once", async (t) => {
  let asked = 0;
  const answer = await waitFor(wait, async () => {
    if (++asked < 3) throw new KbootError("connection-refused", "not yet");
    return "here";
  });
  t.is(answer, "here");
  const error = await t.throwsAsync(
    waitFor(wait, async () => {
      throw new KbootError("login-refused", "never");
    }),
    { instanceOf: KbootError },
  );
  t.is(error.code, "login-refused");
});
