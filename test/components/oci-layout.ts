import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { constants, createZstdCompress } from "node:zlib";
import { sumOfBytes, writeCompressed } from "./digest.ts";
import { type TarEntry, tarOf } from "./tar.ts";

/** Media types of the OCI image specification 1.1. */
export const mediaTypes = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+zstd",
} as const;

const compressionLevel = 6;

export type Descriptor = { readonly mediaType: string; readonly digest: string; readonly size: number };

/** A layer that is in the layout: its blob, and the digest of its tar archive before compression. */
export type Layer = Descriptor & { readonly diffId: string };

/** The part of an image's configuration that says how it runs. Keys as in the specification. */
export type ImageConfig = {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
};

/** An image that is in the layout. `totalSize` counts manifest, configuration and layers, as stored. */
export type Image = { readonly name: string; readonly manifest: Descriptor; readonly totalSize: number };

/** Where the layout at `root` keeps the blob with `digest` ("sha256:..."). */
export function blobPath(root: string, digest: string): string {
  return join(root, "blobs", ...digest.split(":"));
}

async function writeBlob(root: string, mediaType: string, value: unknown): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(value));
  const { size, sha256 } = sumOfBytes(bytes);
  await mkdir(join(root, "blobs", "sha256"), { recursive: true });
  await writeFile(blobPath(root, `sha256:${sha256}`), bytes);
  return { mediaType, digest: `sha256:${sha256}`, size };
}

/** Adds a layer with `entries` to the layout at `root`. A layer that is there already takes no more space. */
export async function writeLayer(root: string, entries: readonly TarEntry[]): Promise<Layer> {
  const blobs = join(root, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const partial = join(blobs, `.partial-${randomBytes(4).toString("hex")}`);
  const compressor = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: compressionLevel } });
  const { plain, stored } = await writeCompressed(tarOf(entries), compressor, partial);
  const blob = join(blobs, stored.sha256);
  if (existsSync(blob)) await rm(partial);
  else await rename(partial, blob);
  return { mediaType: mediaTypes.layer, digest: `sha256:${stored.sha256}`, size: stored.size, diffId: `sha256:${plain.sha256}` };
}

/** Adds the image `name` (with registry and tag), for linux on amd64, to the layout at `root`. The index does not have it yet. */
export async function writeImage(root: string, name: string, config: ImageConfig, layers: readonly Layer[]): Promise<Image> {
  const created = "1970-01-01T00:00:00Z";
  const configBlob = await writeBlob(root, mediaTypes.config, {
    created,
    architecture: "amd64",
    os: "linux",
    config,
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
    history: layers.map(() => ({ created })),
  });
  const manifest = await writeBlob(root, mediaTypes.manifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: configBlob,
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  });
  const totalSize = [manifest, configBlob, ...layers].reduce((sum, blob) => sum + blob.size, 0);
  return { name, manifest, totalSize };
}

/** Writes what makes `root` a layout with `images`: `oci-layout`, and `index.json` in the order of their names. */
export async function writeIndex(root: string, images: readonly Image[]): Promise<void> {
  const manifests = [...images]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, manifest }) => ({
      ...manifest,
      platform: { architecture: "amd64", os: "linux" },
      annotations: { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name },
    }));
  await mkdir(root, { recursive: true });
  await writeFile(join(root, "index.json"), `${JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }, null, 2)}\n`);
  await writeFile(join(root, "oci-layout"), `${JSON.stringify({ imageLayoutVersion: "1.0.0" })}\n`);
}
