import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Artifacts, StoredFile, StoredImage } from "../engine/contracts.ts";
import { KbootError } from "../errors.ts";
import type { Payload } from "../host/host.ts";
import { archiveImages, type ImageBlobs } from "./image-archive.ts";
import { type BundleManifest, bundleManifest } from "./manifest.ts";

const ociManifest = z.object({ config: z.object({ digest: z.string() }), layers: z.array(z.object({ digest: z.string() })) });

/** A directory on the operator's disk that holds files and one OCI image layout. */
export interface Bundle {
  readonly path: string;
  readonly manifest: BundleManifest;
  /** By manifest digest. */
  readonly blobs: ReadonlyMap<string, ImageBlobs>;
}

/** Reads a bundle's manifest and the manifests of its images. Throws KbootError `artifact`. */
export async function openBundle(path: string): Promise<Bundle> {
  const file = join(path, "bundle.json");
  const text = await readFile(file, "utf8").catch((cause) => {
    throw new KbootError("artifact", `cannot read the bundle: ${(cause as Error).message}`, {
      where: { file },
      hint: "make the bundle, or name another source under `sources` in the inventory",
      cause,
    });
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new KbootError("artifact", `bundle.json is not JSON: ${(cause as Error).message}`, {
      where: { file },
      hint: "make the bundle again",
      cause,
    });
  }
  const parsed = bundleManifest.safeParse(json);
  if (!parsed.success) {
    throw new KbootError("artifact", `bundle.json is not the manifest of a bundle:\n${z.prettifyError(parsed.error)}`, {
      where: { file },
      hint: "make the bundle again",
    });
  }
  const blobs = new Map<string, ImageBlobs>();
  for (const image of parsed.data.images) blobs.set(image.digest, await readBlobs(path, image.digest));
  return { path, manifest: parsed.data, blobs };
}

function blobPath(bundle: string, digest: string): string {
  return join(bundle, "images", "blobs", "sha256", digest.slice("sha256:".length));
}

async function readBlobs(bundle: string, digest: string): Promise<ImageBlobs> {
  const file = blobPath(bundle, digest);
  try {
    const manifest = ociManifest.parse(JSON.parse(await readFile(file, "utf8")));
    const digests = [digest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)];
    return await Promise.all(
      digests.map(async (blob) => ({ digest: blob, path: blobPath(bundle, blob), size: (await stat(blobPath(bundle, blob))).size })),
    );
  } catch (cause) {
    throw new KbootError("artifact", `an image of the bundle is not whole: ${(cause as Error).message}`, {
      where: { file },
      hint: "make the bundle again",
      cause,
    });
  }
}

/** Artifacts from bundles, in order of preference. */
export function bundleArtifacts(bundles: readonly Bundle[]): Artifacts {
  const missing = (what: string): KbootError =>
    new KbootError("artifact", `no source has ${what}`, {
      hint: `sources looked at: ${bundles.map((bundle) => bundle.path).join(", ") || "none"}; add one under \`sources\` in the inventory`,
    });
  return {
    file(name, version, architecture): StoredFile {
      for (const bundle of bundles) {
        const entry = bundle.manifest.files.find(
          (file) => file.name === name && file.version === version && file.architecture === architecture,
        );
        if (entry !== undefined) return { ...entry, payload: filePayload(join(bundle.path, entry.path), entry.size) };
      }
      throw missing(`${name} ${version} for ${architecture}`);
    },
    image(name, architecture): StoredImage {
      for (const bundle of bundles) {
        const entry = bundle.manifest.images.find((image) => image.name === name && image.architecture === architecture);
        if (entry !== undefined)
          return { name, digest: entry.digest, blobs: (bundle.blobs.get(entry.digest) ?? []).map((blob) => blob.digest) };
      }
      throw missing(`the image ${name} for ${architecture}`);
    },
    async imageArchive(images, omit) {
      const blobsOf = (digest: string) => bundles.map((bundle) => bundle.blobs.get(digest)).find((blobs) => blobs !== undefined) ?? [];
      return archiveImages(
        images.map((image) => ({ name: image.name, blobs: blobsOf(image.digest) })),
        omit,
      );
    },
  };
}

function filePayload(path: string, size: number): Payload {
  return { size, open: () => createReadStream(path, { highWaterMark: 1 << 18 }) };
}
