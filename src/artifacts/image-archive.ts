import { pipeline } from "node:stream/promises";
import { pack } from "tar-stream";
import type { Payload } from "../host/host.ts";
import { hexOf, readChecked } from "./blob.ts";

/** An image whose blobs are on this machine's disk, its manifest first. */
export interface LocalImage {
  readonly name: string;
  readonly mediaType: string;
  readonly blobs: readonly { readonly digest: string; readonly path: string; readonly size: number }[];
}

const block = 512;

/** Content of an OCI layout's `index.json` for images with these manifests. */
export function imageIndex(
  images: readonly { readonly name: string; readonly mediaType: string; readonly digest: string; readonly size: number }[],
): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: images.map(({ name, mediaType, digest, size }) => ({
      mediaType,
      digest,
      size,
      annotations: { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name },
    })),
  });
}

/** Content of `oci-layout`. */
export const layoutMark = JSON.stringify({ imageLayoutVersion: "1.0.0" });

/** One OCI archive of some images: equal blobs once, and without those that the host has. */
export function archiveImages(images: readonly LocalImage[], omit: ReadonlySet<string>): Payload {
  const blobs = new Map(images.flatMap((image) => image.blobs).map((blob) => [blob.digest, blob]));
  const sent = [...blobs.values()].filter((blob) => !omit.has(blob.digest));
  const manifests = images.flatMap(({ name, mediaType, blobs: [manifest] }) =>
    manifest === undefined ? [] : { ...manifest, name, mediaType },
  );
  const texts = [
    { name: "oci-layout", text: layoutMark },
    { name: "index.json", text: imageIndex(manifests) },
  ];
  const sizes = [...sent.map((blob) => blob.size), ...texts.map(({ text }) => Buffer.byteLength(text))];
  const size = sizes.reduce((sum, bytes) => sum + block + Math.ceil(bytes / block) * block, 2 * block);
  return {
    size,
    async *open() {
      const archive = pack();
      const filling = (async () => {
        for (const { name, text } of texts) archive.entry({ name, mtime: new Date(0) }, text);
        for (const blob of sent) {
          const entry = archive.entry({ name: `blobs/sha256/${blob.digest.slice("sha256:".length)}`, size: blob.size, mtime: new Date(0) });
          await pipeline(readChecked(blob.path, hexOf(blob.digest)), entry);
        }
        archive.finalize();
      })();
      filling.catch((error) => archive.destroy(error as Error));
      for await (const chunk of archive) yield chunk as Uint8Array;
      await filling;
    },
  };
}
