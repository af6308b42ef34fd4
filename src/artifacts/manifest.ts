import { z } from "zod";

/** A sha256 sum, hex. */
export const sha256Sum = z.string().regex(/^[0-9a-f]{64}$/, "is not a sha256 sum");
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, "is not a sha256 digest");
const size = z.number().int().nonnegative();

/** A file inside a stored file. */
export const bundleMember = z.strictObject({ path: z.string(), mode: z.string(), size, sha256: sha256Sum });

/** `bundle.json`: every binary, archive and image of a bundle with version, size, sha256 and source. */
export const bundleManifest = z.strictObject({
  apiVersion: z.literal("kboot.dev/v1alpha1"),
  kind: z.literal("Bundle"),
  files: z.array(
    z.strictObject({
      name: z.string(),
      version: z.string(),
      architecture: z.string(),
      /** Relative to the bundle. Several entries may share one stored file. */
      path: z.string(),
      format: z.enum(["raw", "gzip", "tar", "tar.gz"]),
      size,
      sha256: sha256Sum,
      /** Where upstream has it. */
      source: z.string(),
      members: z.array(bundleMember),
    }),
  ),
  images: z.array(z.strictObject({ name: z.string(), architecture: z.string(), digest, size })),
});

export type BundleManifest = z.infer<typeof bundleManifest>;
