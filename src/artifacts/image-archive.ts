import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { pack } from "tar-stream";
import type { Payload } from "../host/host.ts";

/** An image's blobs on disk, its manifest first. */
export type ImageBlobs = readonly { readonly digest: string; readonly path: string; readonly size: number }[];

const block = 512;
const mediaType = "application/vnd.oci.image.manifest.v1+json";

/** One OCI archive of some images: equal blobs once, and without those that the host has. */
export function archiveImages(
  images: readonly { readonly name: string; readonly blobs: ImageBlobs }[],
  omit: ReadonlySet<string>,
): Payload {
  const blobs = new Map(images.flatMap((image) => image.blobs).map((blob) => [blob.digest, blob]));
  const sent = [...blobs.values()].filter((blob) => !omit.has(blob.digest));
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: images.flatMap(({ name, blobs: [manifest] }) =>
      manifest === undefined
        ? []
        : {
            mediaType,
            digest: manifest.digest,
            size: manifest.size,
            annotations: { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name },
          },
    ),
  });
  const texts = [
    { name: "oci-layout", text: JSON.stringify({ imageLayoutVersion: "1.0.0" }) },
    { name: "index.json", text: index },
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
          await pipeline(createReadStream(blob.path, { highWaterMark: 1 << 18 }), entry);
        }
        archive.finalize();
      })();
      filling.catch((error) => archive.destroy(error as Error));
      for await (const chunk of archive) yield chunk as Uint8Array;
      await filling;
    },
  };
}
