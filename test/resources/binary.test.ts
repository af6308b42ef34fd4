import { createHash } from "node:crypto";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test from "ava";
import { pack } from "tar-stream";
import type { Artifacts, StoredFile } from "../../src/engine/contracts.ts";
import { bytesPayload } from "../../src/host/payload.ts";
import { binary, binaryKind } from "../../src/resources/binary.ts";
import { callFetch, defineFetch } from "../../src/resources/fetch.ts";
import { startWeb } from "../artifacts/support/web.ts";
import { bringInOrder, differences, noArtifacts, temporaryFolder } from "../support/kind.ts";
import { runSh, shells } from "../support/run-fragment.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

function stored(name: string, format: StoredFile["format"], bytes: Buffer, members: Readonly<Record<string, Buffer>>): StoredFile {
  return {
    name,
    version: "1.0",
    architecture: "amd64",
    format,
    sha256: sha256(bytes),
    payload: async () => bytesPayload(bytes),
    members: Object.entries(members).map(([path, content]) => ({ path, sha256: sha256(content) })),
  };
}

async function tarGz(members: Readonly<Record<string, Buffer>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(members)) archive.entry({ name, mode: 0o644 }, content);
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) chunks.push(chunk as Uint8Array);
  return gzipSync(Buffer.concat(chunks));
}

function artifacts(...files: readonly StoredFile[]): Artifacts {
  return { ...noArtifacts, file: (name) => files.find((file) => file.name === name) ?? noArtifacts.file(name, "", "") };
}

for (const shell of shells) {
  const name = shell.join(" ");

  test(`members of an archive and a single file are put into place, whatever the mode (${name})`, async (t) => {
    const folder = await temporaryFolder();
    const members = { "bin/one": Buffer.from("#!/bin/sh\necho one\n"), "bin/two": Buffer.from("two"), "bin/unused": Buffer.alloc(4000) };
    const archive = stored("archive", "tar.gz", await tarGz(members), members);
    const single = stored("single", "gzip", gzipSync(Buffer.from("single")), { single: Buffer.from("single") });
    const wished = [
      binary(join(folder, "bin", "one"), archive, "bin/one"),
      binary(join(folder, "bin", "two"), archive, "bin/two"),
      binary(join(folder, "sbin", "single"), single, "single"),
      binary(join(folder, "sbin", "again"), single, "single"),
    ];
    const options = { shell, artifacts: artifacts(archive, single) };
    for (const resource of wished)
      t.deepEqual(
        (await differences(binaryKind, resource, options)).map(({ what }) => what),
        ["binary"],
      );
    const result = await bringInOrder(binaryKind, wished, options);
    t.is(result.exitCode, 0, result.stderr);
    for (const resource of wished) t.deepEqual(await differences(binaryKind, resource, options), []);
    t.is(await readFile(join(folder, "bin", "two"), "utf8"), "two");

    await chmod(join(folder, "bin", "two"), 0o700);
    t.deepEqual(await differences(binaryKind, wished[1] as (typeof wished)[number], options), [{ what: "mode", from: "0700", to: "0755" }]);
    await writeFile(join(folder, "bin", "one"), "replaced by hand");
    t.deepEqual(
      (await differences(binaryKind, wished[0] as (typeof wished)[number], options)).map(({ what }) => what),
      ["content"],
    );
  });

  test(`a host that reaches the source fetches for itself, and nothing is sent (${name})`, async (t) => {
    const [web, folder] = await Promise.all([startWeb(t), temporaryFolder()]);
    const members = { "bin/one": Buffer.from("one") };
    const bytes = await tarGz(members);
    web.files.set("/archive.tar.gz", bytes);
    const remote = { probe: "http://there", url: `${web.url}/archive.tar.gz` };
    const archive = { ...stored("archive", "tar.gz", bytes, members), remote };
    const path = join(folder, "one");
    const options = { shell, artifacts: artifacts({ ...archive, payload: () => Promise.reject(new Error("not to be sent")) }) };
    const result = await bringInOrder(binaryKind, [binary(path, archive, "bin/one")], { ...options, reaches: ["http://there"] });
    t.is(result.exitCode, 0, result.stderr);
    t.is(await readFile(path, "utf8"), "one");
    t.deepEqual(await readdir(folder), ["one"]);

    await writeFile(path, "older");
    web.files.set("/archive.tar.gz", Buffer.from("evil"));
    const damaged = await bringInOrder(binaryKind, [binary(path, archive, "bin/one")], { ...options, reaches: ["http://there"] });
    t.not(damaged.exitCode, 0);
    t.regex(damaged.stderr, /archive\.tar\.gz came damaged: wanted sha256 [0-9a-f]{64}, got [0-9a-f]{64}/);
    web.files.clear();
    const missing = await bringInOrder(binaryKind, [binary(path, archive, "bin/one")], { ...options, reaches: ["http://there"] });
    t.regex(missing.stderr, /this host cannot fetch http:\S+archive\.tar\.gz/);
    t.is(await readFile(path, "utf8"), "older");

    web.files.set("/archive.tar.gz", bytes);
    const sent = await bringInOrder(binaryKind, [binary(path, archive, "bin/one")], { shell, artifacts: artifacts(archive) });
    t.is(sent.exitCode, 0, sent.stderr);
    t.is(await readFile(path, "utf8"), "one");
  });

  test(`a damaged file is told and changes nothing (${name})`, async (t) => {
    const folder = await temporaryFolder();
    const path = join(folder, "bin", "tool");
    await mkdir(join(folder, "bin"));
    await writeFile(path, "old");
    const honest = stored("tool", "gzip", gzipSync(Buffer.from("new")), { tool: Buffer.from("new") });
    const damaged = { ...honest, payload: stored("tool", "gzip", gzipSync(Buffer.from("evil")), {}).payload };
    const result = await bringInOrder(binaryKind, [binary(path, honest, "tool")], { shell, artifacts: artifacts(damaged) });
    t.not(result.exitCode, 0);
    t.regex(result.stderr, /tool 1\.0 came damaged: the checksum of tool is wrong/);
    t.is(await readFile(path, "utf8"), "old");
  });
}

test("wget does where there is no curl", async (t) => {
  const [web, folder] = await Promise.all([startWeb(t), temporaryFolder()]);
  web.files.set("/tool", Buffer.from("tool"));
  const call = `command() { false; }\n${defineFetch}\n${callFetch(`${web.url}/tool`, join(folder, "tool"), sha256(Buffer.from("tool")))}`;
  const result = await runSh(`set -eu\n${call}`, {});
  t.is(result.exitCode, 0, result.stderr);
  t.is(await readFile(join(folder, "tool"), "utf8"), "tool");
});
