import { readFile } from "node:fs/promises";
import test from "ava";
import { explainCode, renderErrorsPage } from "../../src/cli/explain.ts";
import { catalogue, errorCodes, listExitCodes } from "../../src/errors/catalogue.ts";
import { KbootError } from "../../src/errors.ts";

test("docs/errors.md is what the catalogue prints: npm run errors writes it", async (t) => {
  t.is(await readFile(new URL("../../docs/errors.md", import.meta.url), "utf8"), renderErrorsPage());
});

test("every code has a title, an exit code of its own meaning, and something to do next", (t) => {
  for (const code of errorCodes) {
    const { title, exitCode, next } = catalogue[code];
    t.regex(title, /^[a-z`].*[^.]$/, code);
    t.true(exitCode > 0 && exitCode < 256, code);
    t.true(next.length > 0, code);
  }
});

test("an exit code is listed once", (t) => {
  const exits = listExitCodes().map(({ exitCode }) => exitCode);
  t.deepEqual(exits, [...new Set(exits)]);
});

test("a code is explained with causes and what to do; an exit code with all that have it", (t) => {
  t.regex(
    explainCode("disk-full"),
    /^disk-full: no room .*\nexit code 1, .*\nlikely causes:\n[\s\S]*\nwhat to do:\n {2}- on the host: `df -h`/,
  );
  t.regex(explainCode("69"), /host-key: [\s\S]*name-unknown: /);
  t.regex(explainCode("0"), /everything is in order/);
});

test("an unknown code is answered with the three that are closest, and how to list all", (t) => {
  const error = t.throws(() => explainCode("disk-ful"), { instanceOf: KbootError });
  t.is(error.code, "usage");
  t.regex(error.hint ?? "", /^the closest are disk-full, [a-z-]+, [a-z-]+; kboot explain lists all$/);
});

test("whether an error is transient is what the catalogue says of its code, unless it says so itself", (t) => {
  t.true(new KbootError("connection-refused", "m").transient);
  t.false(new KbootError("login-refused", "m").transient);
  t.false(new KbootError("connection-refused", "m", { transient: false }).transient);
});
