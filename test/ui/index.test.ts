import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { execa } from "execa";
import { temporaryFolder } from "../support/kind.ts";
import { story } from "./support/story.ts";

const player = new URL("support/draw-story.ts", import.meta.url).pathname;

test("a pipe gets plain lines without colours, and the closing", async (t) => {
  const { stdout } = await execa(process.execPath, [player], { env: { FORCE_COLOR: "1" } });
  t.snapshot(stdout);
});

test("the log holds every event and why the run ended, and is the user's alone", async (t) => {
  const log = join(await temporaryFolder(), "run.jsonl");
  await execa(process.execPath, [player, log]);
  const lines = (await readFile(log, "utf8")).trimEnd().split("\n");
  const types = lines.map((line) => (JSON.parse(line) as { type: string }).type);
  t.deepEqual(types, [...story.map(({ type }) => type), "error"]);
  t.is((await stat(log)).mode & 0o777, 0o600);
});
