import { createReadStream } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { extract } from "tar-stream";
import { type Bundle, type BundleFile, type BundleImage, bundleSchema } from "./bundle.ts";
import { type Sum, sumOf, sumOfBytes, sumOfFile } from "./digest.ts";
import { blobPath, type Descriptor, mediaTypes } from "./oci-layout.ts";

type Report = (problem: string) => void;

/** What `source` yields by way of `transform`; an error of either ends it. */
function through(source: Readable, transform: NodeJS.ReadWriteStream): Readable {
  const out = new PassThrough();
  pipeline(source, transform, out).catch((error: Error) => out.destroy(error));
  return out;
}

/** Sum and mode of each regular file in a tar archive. */
async function tarMembers(archive: Readable): Promise<Map<string, Sum & { mode: string }>> {
  const members = new Map<string, Sum & { mode: string }>();
  const reader = extract();
  archive.on("error", (error) => reader.destroy(error));
  archive.pipe(reader);
  for await (const entry of reader) {
    const mode = `0${((entry.header.mode ?? 0) & 0o777).toString(8).padStart(3, "0")}`;
    const sum = await sumOf(entry as unknown as AsyncIterable<Buffer>);
    if (entry.header.type === "file") members.set(entry.header.name, { ...sum, mode });
  }
  return members;
}

async function readMembers(path: string, file: BundleFile): Promise<Map<string, Sum & { mode?: string }>> {
  const stored = createReadStream(path, { highWaterMark: 1 << 20 });
  const plain = file.format === "gzip" || file.format === "tar.gz" ? through(stored, createGunzip()) : stored;
  if (file.format === "tar" || file.format === "tar.gz") return tarMembers(plain);
  return new Map([[file.members[0]?.path ?? "", await sumOf(plain)]]);
}

async function verifyFile(bundle: string, file: BundleFile, report: Report): Promise<void> {
  const path = join(bundle, file.path);
  const stored = await sumOfFile(path);
  if (stored.size !== file.size || stored.sha256 !== file.sha256) report(`${file.path}: is not what bundle.json says for ${file.name}`);
  const members = await readMembers(path, file);
  for (const member of file.members) {
    const found = members.get(member.path);
    if (!found) report(`${file.path}: has no member ${member.path}`);
    else if (found.size !== member.size || found.sha256 !== member.sha256 || (found.mode ?? member.mode) !== member.mode) {
      report(`${file.path}: member ${member.path} is not what bundle.json says`);
    }
  }
  if (members.size !== file.members.length) report(`${file.path}: has ${members.size} members, not ${file.members.length}`);
}

type Manifest = { config: Descriptor; layers: Descriptor[] };
type Config = { architecture: string; os: string; rootfs: { diff_ids: string[] } };
type Index = { manifests: (Descriptor & { annotations?: Record<string, string> })[] };

/** Checks each blob once, however many images share it. */
function blobVerifier(root: string, report: Report) {
  const diffIds = new Map<string, string>();
  const seen = new Set<string>();
  const verify = async ({ digest, size }: Descriptor): Promise<void> => {
    if (seen.has(digest)) return;
    seen.add(digest);
    const sum = await sumOfFile(blobPath(root, digest));
    if (`sha256:${sum.sha256}` !== digest || sum.size !== size) report(`blob ${digest}: size or sha256 is another`);
  };
  const diffIdOf = async ({ digest }: Descriptor): Promise<string> => {
    const known = diffIds.get(digest);
    if (known) return known;
    const plain = await sumOf(through(createReadStream(blobPath(root, digest), { highWaterMark: 1 << 20 }), createZstdDecompress()));
    diffIds.set(digest, `sha256:${plain.sha256}`);
    return `sha256:${plain.sha256}`;
  };
  return { seen, verify, diffIdOf };
}

async function verifyImages(root: string, images: readonly BundleImage[], report: Report): Promise<void> {
  const blobs = blobVerifier(root, report);
  const layout = JSON.parse(await readFile(join(root, "oci-layout"), "utf8")) as { imageLayoutVersion?: string };
  if (layout.imageLayoutVersion !== "1.0.0") report("oci-layout: not version 1.0.0");
  const index = JSON.parse(await readFile(join(root, "index.json"), "utf8")) as Index;
  for (const entry of index.manifests) {
    const name = entry.annotations?.["io.containerd.image.name"] ?? "";
    const image = images.find((candidate) => candidate.name === name);
    if (image?.digest !== entry.digest || entry.annotations?.["org.opencontainers.image.ref.name"] !== name) {
      report(`index.json: image "${name}" is not in bundle.json, or not with this digest`);
      continue;
    }
    await blobs.verify(entry);
    const manifest = JSON.parse(await readFile(blobPath(root, entry.digest), "utf8")) as Manifest;
    for (const blob of [manifest.config, ...manifest.layers]) await blobs.verify(blob);
    const total = [entry, manifest.config, ...manifest.layers].reduce((sum, blob) => sum + blob.size, 0);
    if (total !== image.size) report(`${name}: its blobs take ${total} bytes, not ${image.size}`);
    const config = JSON.parse(await readFile(blobPath(root, manifest.config.digest), "utf8")) as Config;
    if (config.os !== "linux" || config.architecture !== image.architecture)
      report(`${name}: made for ${config.os}/${config.architecture}`);
    for (const [position, layer] of manifest.layers.entries()) {
      if (layer.mediaType !== mediaTypes.layer) report(`${name}: layer of type ${layer.mediaType}`);
      if ((await blobs.diffIdOf(layer)) !== config.rootfs.diff_ids[position])
        report(`${name}: layer ${position} is not that of its configuration`);
    }
  }
  if (index.manifests.length !== images.length) report(`index.json has ${index.manifests.length} images, bundle.json ${images.length}`);
  for (const name of await readdir(join(root, "blobs", "sha256"))) {
    if (!blobs.seen.has(`sha256:${name}`)) report(`blob ${name} belongs to no image`);
  }
}

/**
 * Reads every byte of the bundle in the folder `bundle` and compares it with what bundle.json and the image layout say, in both
 * directions. Returns the manifest. Throws one error with every problem found.
 */
export async function verifyBundle(bundle: string): Promise<Bundle> {
  const problems: string[] = [];
  const report = (problem: string): void => {
    problems.push(problem);
  };
  const manifestBytes = await readFile(join(bundle, "bundle.json"));
  const manifest = bundleSchema.parse(JSON.parse(manifestBytes.toString("utf8")));
  for (const file of manifest.files) await verifyFile(bundle, file, report);
  const listed = new Set(manifest.files.map((file) => file.path));
  for (const name of await readdir(join(bundle, "files"))) {
    if (!listed.has(`files/${name}`)) report(`files/${name} is not in bundle.json`);
  }
  await verifyImages(join(bundle, "images"), manifest.images, report);
  if (problems.length > 0) {
    throw new Error(
      `bundle ${bundle} (manifest ${sumOfBytes(manifestBytes).sha256}):\n${problems.map((problem) => `  ${problem}`).join("\n")}`,
    );
  }
  return manifest;
}
