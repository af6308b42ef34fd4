import { stripVTControlCharacters } from "node:util";
import test from "ava";
import { execa } from "execa";

const player = new URL("support/draw-story.ts", import.meta.url).pathname;

/** What a terminal of 100 columns was sent. */
async function draw(env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout } = await execa("script", ["-qec", `stty cols 100 rows 24; '${process.execPath}' '${player}'`, "/dev/null"], {
    stdin: "ignore",
    env: { TERM: "xterm", CI: undefined, NO_COLOR: undefined, ...env },
  });
  return stdout;
}

test("a terminal shows what each host does now, transfers with rate and time left, and who failed", async (t) => {
  const drawn = await draw();
  t.true(drawn.includes("\x1b[?25l"), "it draws");
  const text = stripVTControlCharacters(drawn);
  for (const part of [
    /cp1: Install containerd\s/,
    /cp1: Install containerd: 12 of 34 MB\s/,
    /cp1: Install containerd: 20 of 34 MB, 8\.0 MB\/s, 2 s left/,
    /worker1: Join the cluster: waiting for the certificate/,
    /join: join the cluster failed: exit code 2/,
    /round trips +3/,
  ])
    t.regex(text, part);
  t.true(drawn.lastIndexOf("\x1b[?25h") > drawn.lastIndexOf("\x1b[?25l"), "the cursor comes back");
});

test("with NO_COLOR a terminal gets plain lines", async (t) => {
  const drawn = await draw({ NO_COLOR: "1" });
  t.false(drawn.includes("\x1b"));
  t.regex(drawn, /0\.7 s {2}cp1: Install containerd\r?\n/);
});
