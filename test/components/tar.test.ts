import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import test from "ava";
import { directories, entriesOf, symlink, type TarEntry, tarOf, text } from "./tar.ts";

const entries: readonly TarEntry[] = [
  ...directories("etc", "usr", "usr/bin"),
  text("etc/empty", ""),
  text("etc/hello", "hello\n"),
  symlink("usr/bin/sh", "busybox"),
  { type: "file", path: "usr/bin/busybox", mode: 0o755, content: Buffer.from("program") },
];

test("equal entries give equal bytes, whatever their order", async (t) => {
  t.deepEqual(await buffer(tarOf(entries)), await buffer(tarOf([...entries].reverse())));
});

test("a file from the disk is as one from memory: its time and owner do not count", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "kboot-tar-test-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "file");
  writeFileSync(file, "hello\n");
  utimesSync(file, 1e9, 1e9);
  const fromDisk = tarOf([{ type: "file", path: "etc/hello", content: { file } }]);
  t.deepEqual(await buffer(fromDisk), await buffer(tarOf([text("etc/hello", "hello\n")])));
});

test("tar reads it: sorted, owned by root, of the year 1970", async (t) => {
  const archive = await buffer(tarOf(entries));
  const listing = execFileSync("tar", ["--utc", "--numeric-owner", "-tvf", "-"], { input: archive, encoding: "utf8" });
  t.deepEqual(
    listing
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(/ +/g, " ")),
    [
      "drwxr-xr-x 0/0 0 1970-01-01 00:00 etc/",
      "-rw-r--r-- 0/0 0 1970-01-01 00:00 etc/empty",
      "-rw-r--r-- 0/0 6 1970-01-01 00:00 etc/hello",
      "drwxr-xr-x 0/0 0 1970-01-01 00:00 usr/",
      "drwxr-xr-x 0/0 0 1970-01-01 00:00 usr/bin/",
      "-rwxr-xr-x 0/0 7 1970-01-01 00:00 usr/bin/busybox",
      "lrwxrwxrwx 0/0 0 1970-01-01 00:00 usr/bin/sh -> busybox",
    ],
  );
});

test("a folder on the disk becomes entries with its modes", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "kboot-tar-test-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "bin"), { mode: 0o755 });
  writeFileSync(join(folder, "bin", "su"), "");
  chmodSync(join(folder, "bin", "su"), 0o4755);
  symlinkSync("su", join(folder, "bin", "sudo"));
  const found = (await entriesOf(folder)).sort((a, b) => (a.path < b.path ? -1 : 1));
  t.deepEqual(found, [
    { type: "directory", path: "bin", mode: 0o755 },
    { type: "file", path: "bin/su", mode: 0o4755, content: { file: join(folder, "bin", "su") } },
    { type: "symlink", path: "bin/sudo", target: "su" },
  ]);
});

test("capabilities of a file are an extended attribute", async (t) => {
  const capabilities = Buffer.from("0100000200040000000000000000000000000000", "hex");
  const archive = await buffer(tarOf([{ type: "file", path: "coredns", content: Buffer.from("x"), capabilities }]));
  const record = Buffer.concat([Buffer.from(" SCHILY.xattr.security.capability="), capabilities, Buffer.from("\n")]);
  t.true(archive.includes(record));
});

test("refuses two entries with one path", async (t) => {
  await t.throwsAsync(buffer(tarOf([text("a", "1"), text("a", "2")])), { message: "two tar entries with the path a" });
});

test("a file that cannot be read fails the archive", async (t) => {
  await t.throwsAsync(buffer(tarOf([{ type: "file", path: "a", content: { file: "/nonexistent/file" } }])), { code: "ENOENT" });
});
