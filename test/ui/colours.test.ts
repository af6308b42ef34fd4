import test from "ava";
import { judgeTerminal } from "../../src/ui/colours.ts";

const judges = test.macro((t, isTTY: boolean, env: NodeJS.ProcessEnv, isColoured: boolean, isLive: boolean) => {
  t.deepEqual(judgeTerminal({ isTTY, rows: 24 }, env), { isColoured, isLive });
});

test("a terminal has colours and a live display", judges, true, { TERM: "xterm" }, true, true);
test("a pipe has neither, whatever the environment says", judges, false, { TERM: "xterm", CI: "1", FORCE_COLOR: "1" }, false, false);
test("NO_COLOR switches both off", judges, true, { NO_COLOR: "1" }, false, false);
test("an empty NO_COLOR does not count", judges, true, { NO_COLOR: "" }, true, true);
test("a dumb terminal has neither", judges, true, { TERM: "dumb" }, false, false);
test("in CI nobody watches a live display", judges, true, { CI: "true" }, true, false);

test("a terminal of no height is not drawn over", (t) => {
  t.deepEqual(judgeTerminal({ isTTY: true, rows: 0 }, {}), { isColoured: true, isLive: false });
});
