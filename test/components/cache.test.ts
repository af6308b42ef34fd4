import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { cached, cacheFolder, cacheKey } from "./cache.ts";

const root = mkdtempSync(join(tmpdir(), "kboot-cache-test-"));
Object.assign(process.env, { KBOOT_CACHE: root });
test.after.always(() => rm(root, { recursive: true }));

const deadPid = (): number => spawnSync("true").pid;

test("equal values have one key, whatever the order of their members", (t) => {
  t.is(cacheKey({ a: 1, b: { c: [1, 2], d: "x" } }), cacheKey({ b: { d: "x", c: [1, 2] }, a: 1 }));
});

test("the order of a list counts, and so does every value", (t) => {
  t.not(cacheKey({ a: [1, 2] }), cacheKey({ a: [2, 1] }));
  t.not(cacheKey({ a: { b: 1 } }), cacheKey({ a: { b: 2 } }));
});

test.serial("makes a folder once", async (t) => {
  let count = 0;
  const make = async (folder: string): Promise<void> => {
    count += 1;
    await writeFile(join(folder, "made"), "yes");
  };
  const first = await cached("once", "1234", make);
  t.is(await cached("once", "1234", make), first);
  t.is(count, 1);
  t.is(first, join(cacheFolder(), "once-1234"));
  t.is(readFileSync(join(first, "made"), "utf8"), "yes");
});

test.serial("two that want the same folder at once get one that was made once", async (t) => {
  let count = 0;
  const make = async (folder: string): Promise<void> => {
    count += 1;
    await new Promise((resolve) => setTimeout(resolve, 50));
    await writeFile(join(folder, "made"), "yes");
  };
  const [first, second] = await Promise.all([cached("both", "1234", make), cached("both", "1234", make)]);
  t.is(first, second);
  t.is(count, 1);
});

test.serial("a failure leaves nothing", async (t) => {
  const before = readdirSync(cacheFolder());
  const make = async (folder: string): Promise<void> => {
    await writeFile(join(folder, "half"), "");
    throw new Error("no compiler");
  };
  await t.throwsAsync(cached("broken", "1234", make), { message: "no compiler" });
  t.deepEqual(readdirSync(cacheFolder()), before);
});

test.serial("what a killed run left is removed, and its lock taken over", async (t) => {
  const pid = deadPid();
  mkdirSync(join(cacheFolder(), `.partial-${pid}-00000000`), { recursive: true });
  mkdirSync(join(cacheFolder(), `.partial-${process.pid}-00000000`), { recursive: true });
  writeFileSync(join(cacheFolder(), ".killed-1234.lock"), String(pid));
  await cached("killed", "1234", async () => {});
  const hidden = execFileSync("ls", ["-A", cacheFolder()], { encoding: "utf8" })
    .split("\n")
    .filter((name) => name.startsWith("."));
  t.deepEqual(hidden, [`.partial-${process.pid}-00000000`], "only that of a running process stays");
  await rm(join(cacheFolder(), `.partial-${process.pid}-00000000`), { recursive: true });
});
