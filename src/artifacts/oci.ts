import { z } from "zod";
import { KbootError } from "../errors.ts";
import { type Blob, hexOf } from "./blob.ts";

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const descriptor = z.object({ digest, size: z.number().int().nonnegative() });

const manifest = z.object({
  mediaType: z.string().optional(),
  config: descriptor,
  layers: z.array(descriptor),
});

const index = z.object({
  manifests: z.array(descriptor.extend({ platform: z.object({ os: z.string(), architecture: z.string() }).optional() })),
});

const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** Media types of an image for one platform, and of a list of such. */
export const acceptedTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  manifestType,
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** What an image's manifest says; `digests` are those of configuration and layers. */
export interface ImageManifest {
  readonly mediaType: string;
  readonly digests: readonly { readonly digest: string; readonly size: number }[];
}

/** Reads an image's manifest. Throws KbootError `artifact` naming `from` for anything else. */
export function readManifest(bytes: Buffer, from: string): ImageManifest {
  const parsed = manifest.safeParse(parseJson(bytes));
  if (!parsed.success) throw noManifest(from, "the manifest of an image");
  const { mediaType = manifestType, config, layers } = parsed.data;
  return { mediaType, digests: [config, ...layers] };
}

/** The digest of an architecture's manifest in a list; undefined when these bytes are no list. Throws where the list has none for it. */
export function pickManifest(bytes: Buffer, architecture: string, from: string): string | undefined {
  const parsed = index.safeParse(parseJson(bytes));
  if (!parsed.success) return undefined;
  const found = parsed.data.manifests.find(({ platform }) => platform?.os === "linux" && platform.architecture === architecture);
  if (found !== undefined) return found.digest;
  throw noManifest(from, `an image for linux on ${architecture}`);
}

/** The blobs of an image, its manifest first, each where `at` says. */
export function listBlobs(
  manifestDigest: string,
  manifestSize: number,
  { digests }: ImageManifest,
  at: (digest: string) => Blob["at"],
): readonly Blob[] {
  return [{ digest: manifestDigest, size: manifestSize }, ...digests].map((entry) => ({
    sha256: hexOf(entry.digest),
    size: entry.size,
    at: at(entry.digest),
  }));
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}

function noManifest(from: string, wanted: string): KbootError {
  return new KbootError("artifact", `${from} is not ${wanted}`, { hint: "does the image exist there for this architecture?" });
}
