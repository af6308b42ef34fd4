import { mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import type { Fragment } from "../../src/engine/contracts.ts";
import { writeFiles } from "../../src/resources/write-files.ts";
import { Secret } from "../../src/secret.ts";
import { temporaryFolder } from "../support/kind.ts";
import { runFragment, runSh, shells } from "../support/run-fragment.ts";

async function bytesOf(fragment: Fragment): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of fragment.payload?.open() ?? []) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A folder in which busybox stands for all that a fragment calls. */
async function busyboxTools(): Promise<string> {
  const folder = await temporaryFolder();
  for (const tool of ["cat", "chmod", "chown", "dd", "mkdir", "mktemp", "mv", "rm", "tar", "wc"]) {
    await symlink("/usr/bin/busybox", join(folder, tool));
  }
  return folder;
}

const runs = shells.flatMap((shell) =>
  shell[0] === "busybox"
    ? [
        { shell, name: "busybox sh" },
        { shell, name: "busybox alone", tools: busyboxTools },
      ]
    : [{ shell, name: shell.join(" ") }],
);

for (const { name, shell, tools } of runs) {
  const options = async () => ({ shell, ...(tools === undefined ? {} : { bin: await tools() }) });

  test(`writes all files with mode and owner, in folders that it makes, and leaves nothing else (${name})`, async (t) => {
    const folder = await temporaryFolder();
    const binary = Buffer.from([0, 1, 254, 255, 10, 0]);
    const fragment = await writeFiles([
      { path: join(folder, "a/b/secret.key"), mode: "0600", content: new Secret("very secret\n") },
      { path: join(folder, "it's $HOME.txt"), mode: "0644", content: "x\n\n" },
      { path: join(folder, "bytes"), mode: "0755", content: binary },
      { path: join(folder, "n".repeat(60), "n".repeat(60), "long"), mode: "0644", content: "x" },
      { path: join(folder, "empty"), mode: "0640", content: "" },
    ]);
    t.false(fragment.script.includes("very secret"));
    const result = await runFragment(fragment, await options());
    t.is(result.exitCode, 0, result.stderr);
    t.is(await readFile(join(folder, "a/b/secret.key"), "utf8"), "very secret\n");
    t.is(await readFile(join(folder, "it's $HOME.txt"), "utf8"), "x\n\n");
    t.deepEqual(await readFile(join(folder, "bytes")), binary);
    const mode = async (path: string) => ((await stat(join(folder, path))).mode & 0o7777).toString(8);
    t.deepEqual(await Promise.all(["a/b/secret.key", "it's $HOME.txt", "bytes", "empty", "a/b"].map(mode)), [
      "600",
      "644",
      "755",
      "640",
      "755",
    ]);
    t.deepEqual((await readdir(folder)).sort(), ["a", "bytes", "empty", "it's $HOME.txt", "n".repeat(60)]);
    t.deepEqual(await readdir(join(folder, "a/b")), ["secret.key"]);
  });

  test(`the time of a file that is written again is now on the host (${name})`, async (t) => {
    const path = join(await temporaryFolder(), "config");
    await writeFile(path, "old");
    await utimes(path, 1000, 1000);
    const before = Math.floor(Date.now() / 1000);
    await runFragment(await writeFiles([{ path, mode: "0644", content: "new" }]), await options());
    t.true((await stat(path)).mtimeMs / 1000 >= before);
  });

  test(`a payload that ends early, wherever, changes nothing (${name})`, async (t) => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "kept"));
    await writeFile(join(folder, "kept/one"), "old");
    const fragment = await writeFiles([
      { path: join(folder, "kept/one"), mode: "0644", content: "new" },
      { path: join(folder, "kept/two"), mode: "0644", content: "new" },
    ]);
    const payload = await bytesOf(fragment);
    for (const length of [0, 100, 512, 1024, 2048, 3072, payload.length - 1024, payload.length - 1]) {
      const result = await runSh(`set -eu\n${fragment.script}`, { ...(await options()), payload: payload.subarray(0, length) });
      t.is(result.exitCode, 1, `cut at ${length} of ${payload.length}`);
      t.deepEqual(await readdir(join(folder, "kept")), ["one"]);
      t.is(await readFile(join(folder, "kept/one"), "utf8"), "old");
    }
  });

  test(`leaves what follows its payload to the next fragment (${name})`, async (t) => {
    const path = join(await temporaryFolder(), "file");
    const fragment = await writeFiles([{ path, mode: "0644", content: "first" }]);
    const payload = Buffer.concat([await bytesOf(fragment), Buffer.from("next")]);
    const result = await runSh(`set -eu\n(\n${fragment.script}\n)\ntake 4`, { ...(await options()), payload });
    t.is(result.stdout.toString(), "next");
  });
}
