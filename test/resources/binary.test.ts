import { createHash } from "node:crypto";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test from "ava";
import { pack } from "tar-stream";
import type { Artifacts, StoredFile } from "../../src/engine/contracts.ts";
import { bytesPayload } from "../../src/host/payload.ts";
import { binary, binaryKind } from "../../src/resources/binary.ts";
import { bringInOrder, differences, noArtifacts, temporaryFolder } from "../support/kind.ts";
import { shells } from "../support/run-fragment.ts";

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
