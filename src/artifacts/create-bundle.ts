import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import pMap from "p-map";
import { KbootError } from "../errors.ts";
import { blobPath } from "./bundle.ts";
import { imageIndex, layoutMark } from "./image-archive.ts";
import type { BundleManifest } from "./manifest.ts";
import type { FoundFile, Source, Wanted } from "./source.ts";
import type { Store } from "./store.ts";

export interface BundleWish {
  readonly wanted: Wanted;
  readonly architectures: readonly string[];
  /** Path of the directory to make. */
  readonly output: string;
}

/** What is being done, for people. */
export type Say = (text: string) => void;

const concurrency = 4;

/**
 * Makes a bundle of all that is wanted, from one source, by way of the store: what was fetched before is not fetched again. The directory
 * gets its name when it is whole, and takes the place of a bundle that is there. Throws KbootError `artifact`, `usage`.
 */
export async function createBundle(wish: BundleWish, source: Source, store: Store, say: Say, signal: AbortSignal): Promise<BundleManifest> {
  await refuseForeign(wish.output);
  say(`asking ${source.label}`);
  const pairs = <T>(list: readonly T[]) => wish.architectures.flatMap((architecture) => list.map((one) => ({ one, architecture })));
  const files = await pMap(
    pairs(wish.wanted.files),
    async ({ one, architecture }) =>
      (await source.file(one, architecture, signal)) ?? missing(`${one.name} ${one.version} for ${architecture}`, source),
    { concurrency },
  );
  const images = await pMap(
    pairs(wish.wanted.images),
    async ({ one, architecture }) => (await source.image(one, architecture, signal)) ?? missing(`image ${one} for ${architecture}`, source),
    { concurrency },
  );
  const part = `${wish.output}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(join(part, "files"), { recursive: true });
  await mkdir(join(part, "images", "blobs", "sha256"), { recursive: true });
  const blobs = new Map(images.flatMap((image) => image.blobs).map((blob) => [blob.sha256, blob]));
  const manifest: BundleManifest = {
    apiVersion: "kboot.dev/v1alpha1",
    kind: "Bundle",
    files: await pMap(files, (file) => addFile(part, file, store, say, signal), { concurrency }),
    images: images.map(({ name, architecture, digest, blobs }) => {
      return { name, architecture, digest, size: blobs.reduce((sum, { size = 0 }) => sum + size, 0) };
    }),
  };
  say(`images: ${blobs.size} blobs`);
  await pMap(blobs.values(), (blob) => store.copy(blob, join(part, blobPath(`sha256:${blob.sha256}`)), signal), {
    concurrency,
  });
  const entries = images.map(({ name, mediaType, digest, blobs: [first] }) => ({ name, mediaType, digest, size: first?.size ?? 0 }));
  await writeFile(join(part, "images", "index.json"), imageIndex(entries));
  await writeFile(join(part, "images", "oci-layout"), layoutMark);
  await writeFile(join(part, "bundle.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  // one of the two is there whenever this is cut off
  const old = `${wish.output}.old`;
  await rm(old, { recursive: true, force: true });
  await rename(wish.output, old).catch(ignoreMissing);
  await rename(part, wish.output);
  await rm(old, { recursive: true, force: true });
  return manifest;
}

async function addFile(folder: string, file: FoundFile, store: Store, say: Say, signal: AbortSignal) {
  const { name, version, architecture, format, sha256, blob, remote } = file;
  say(`${name} ${version} for ${architecture}`);
  const url = remote?.url ?? "";
  const path = `files/${name}-${version}-${architecture}-${basename(url)}`;
  await store.copy(blob, join(folder, path), signal);
  const { size } = await stat(join(folder, path));
  const members = file.members.map((member) => ({ ...member, size: member.size ?? size }));
  return { name, version, architecture, path, format, size, sha256, source: url, members };
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

async function refuseForeign(output: string): Promise<void> {
  const names: readonly string[] = await readdir(output).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new KbootError("usage", `cannot make a bundle in ${output}: ${error.message}`, { hint: "name another directory", cause: error });
  });
  if (names.length === 0 || names.includes("bundle.json")) return;
  throw new KbootError("usage", `${output} exists and is not a bundle`, { hint: "name another directory; only a bundle is replaced" });
}

function missing(what: string, source: Source): never {
  throw new KbootError("artifact", `${source.label} has no ${what}`, {
    hint: "does this version exist? See https://kubernetes.io/releases/ for those of Kubernetes",
  });
}
