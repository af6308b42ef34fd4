import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { followLinks, replaceFile } from "../../src/cli/replace-file.ts";
import { temporaryFolder } from "../support/kind.ts";

test("a file gets new content for its owner alone, and nothing else is left in its folder", async (t) => {
  const folder = await temporaryFolder();
  const path = join(folder, "new", "config");
  await replaceFile(path, "one");
  t.is((await stat(join(folder, "new"))).mode & 0o777, 0o700);
  await chmod(path, 0o644);
  await replaceFile(path, "two");
  t.is(await readFile(path, "utf8"), "two");
  t.is((await stat(path)).mode & 0o777, 0o600);
  t.deepEqual(await readdir(join(folder, "new")), ["config"]);
});

test("what cannot be written leaves the old content and no rest", async (t) => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "config", "in-the-way"), { recursive: true });
  await t.throwsAsync(replaceFile(join(folder, "config"), "new"));
  t.deepEqual(await readdir(folder), ["config"]);
});

test("links are followed, one after another, also to a file that is not there yet", async (t) => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "real"));
  await writeFile(join(folder, "real", "file"), "x");
  await symlink("real/file", join(folder, "one"));
  await symlink("one", join(folder, "two"));
  await symlink("real/missing", join(folder, "three"));
  t.is(await followLinks(join(folder, "two")), join(folder, "real", "file"));
  t.is(await followLinks(join(folder, "three")), join(folder, "real", "missing"));
  t.is(await followLinks(join(folder, "none")), join(folder, "none"));
  await replaceFile(await followLinks(join(folder, "two")), "y");
  t.true((await lstat(join(folder, "two"))).isSymbolicLink());
  t.is(await readFile(join(folder, "two"), "utf8"), "y");
});
