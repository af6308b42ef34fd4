import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createGzip, gunzipSync, gzipSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import type { Bundle } from "./bundle.ts";
import { sumOfBytes, writeCompressed } from "./digest.ts";
import { type Image, writeImage, writeIndex, writeLayer } from "./oci-layout.ts";
import { tarOf, text } from "./tar.ts";
import { verifyBundle } from "./verify-bundle.ts";

/** A bundle with a compressed file, an archive, and two images that share a layer. */
async function smallBundle(t: ExecutionContext): Promise<{ folder: string; manifest: Bundle; images: readonly Image[] }> {
  const folder = mkdtempSync(join(tmpdir(), "kboot-bundle-test-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "files"));
  const program = Buffer.from("program");
  const zipped = await writeCompressed(Readable.from([program]), createGzip(), join(folder, "files", "runc.gz"));
  const archive = await writeCompressed(tarOf([text("bin/ctr", "ctr")]), createGzip(), join(folder, "files", "containerd.tgz"));
  const layout = join(folder, "images");
  const shared = await writeLayer(layout, [text("shared", "the same")]);
  const own = await writeLayer(layout, [text("own", "another")]);
  const images = [
    await writeImage(layout, "example.org/b:1", { Cmd: ["b"] }, [shared]),
    await writeImage(layout, "example.org/a:1", {}, [shared, own]),
  ];
  await writeIndex(layout, images);
  const common = { version: "1.0.0", architecture: "amd64", source: "https://example.org/" } as const;
  const manifest: Bundle = {
    apiVersion: "kboot.dev/v1alpha1",
    kind: "Bundle",
    files: [
      {
        ...common,
        name: "runc",
        path: "files/runc.gz",
        format: "gzip",
        ...zipped.stored,
        members: [{ path: "runc", mode: "0755", ...zipped.plain }],
      },
      {
        ...common,
        name: "containerd",
        path: "files/containerd.tgz",
        format: "tar.gz",
        ...archive.stored,
        members: [{ path: "bin/ctr", mode: "0644", ...sumOfBytes(Buffer.from("ctr")) }],
      },
    ],
    images: images.map((image) => ({ name: image.name, architecture: "amd64", digest: image.manifest.digest, size: image.totalSize })),
  };
  writeFileSync(join(folder, "bundle.json"), JSON.stringify(manifest));
  return { folder, manifest, images };
}

test("accepts a bundle that is as its manifest says", async (t) => {
  const { folder, manifest } = await smallBundle(t);
  t.deepEqual(await verifyBundle(folder), manifest);
});

test("equal images make equal layouts, and a shared layer is there once", async (t) => {
  const [first, second] = [await smallBundle(t), await smallBundle(t)];
  t.deepEqual(first.manifest, second.manifest);
  const blobs = readdirSync(join(first.folder, "images", "blobs", "sha256"));
  t.is(blobs.length, 6, "two manifests, two configurations, two layers");
  const index = readFileSync(join(first.folder, "images", "index.json"), "utf8");
  t.is(index, readFileSync(join(second.folder, "images", "index.json"), "utf8"));
  t.deepEqual(
    (JSON.parse(index) as { manifests: { annotations: Record<string, string> }[] }).manifests.map((entry) => entry.annotations),
    ["example.org/a:1", "example.org/b:1"].map((name) => ({ "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name })),
  );
});

test("names a stored file and a member that were changed", async (t) => {
  const { folder } = await smallBundle(t);
  const path = join(folder, "files", "runc.gz");
  const changed = gunzipSync(readFileSync(path));
  changed[0] = 0;
  writeFileSync(path, gzipSync(changed));
  const { message } = (await t.throwsAsync(verifyBundle(folder))) as Error;
  t.regex(message, /files\/runc\.gz: is not what bundle\.json says for runc/);
  t.regex(message, /files\/runc\.gz: member runc is not what bundle\.json says/);
});

test("names a blob that was changed", async (t) => {
  const { folder, images } = await smallBundle(t);
  const digest = images[0]?.manifest.digest ?? "";
  const path = join(folder, "images", "blobs", ...digest.split(":"));
  writeFileSync(path, `${readFileSync(path, "utf8")} `);
  await t.throwsAsync(verifyBundle(folder), { message: new RegExp(`blob ${digest}: size or sha256 is another`) });
});

test("names what the manifest does not know", async (t) => {
  const { folder } = await smallBundle(t);
  writeFileSync(join(folder, "files", "stray"), "");
  writeFileSync(join(folder, "images", "blobs", "sha256", "stray"), "");
  const { message } = (await t.throwsAsync(verifyBundle(folder))) as Error;
  t.regex(message, /files\/stray is not in bundle\.json/);
  t.regex(message, /blob stray belongs to no image/);
});

test("refuses a manifest of another shape", async (t) => {
  const { folder, manifest } = await smallBundle(t);
  writeFileSync(join(folder, "bundle.json"), JSON.stringify({ ...manifest, more: 1 }));
  await t.throwsAsync(verifyBundle(folder), { name: "ZodError" });
});
