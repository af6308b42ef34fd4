import { z } from "zod";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const size = z.int().positive();

/** `bundle.json`: what a bundle holds, with the sums by which every byte of it is checked. */
export const bundleSchema = z.strictObject({
  apiVersion: z.literal("kboot.dev/v1alpha1"),
  kind: z.literal("Bundle"),
  files: z.array(
    z.strictObject({
      name: z.string(),
      version: z.string(),
      architecture: z.literal("amd64"),
      path: z.string().regex(/^files\/[^/]+$/),
      format: z.enum(["raw", "gzip", "tar", "tar.gz"]),
      size,
      sha256,
      source: z.url(),
      members: z.array(z.strictObject({ path: z.string(), mode: z.string().regex(/^0[0-7]{3}$/), size, sha256 })).min(1),
    }),
  ),
  images: z.array(
    z.strictObject({ name: z.string(), architecture: z.literal("amd64"), digest: z.string().regex(/^sha256:[0-9a-f]{64}$/), size }),
  ),
});

export type Bundle = z.infer<typeof bundleSchema>;
export type BundleFile = Bundle["files"][number];
export type BundleImage = Bundle["images"][number];
