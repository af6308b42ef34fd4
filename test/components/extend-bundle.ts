import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bundle } from "./bundle.ts";
import type { Descriptor } from "./oci-layout.ts";
import { run } from "./run.ts";

interface Index {
  readonly manifests: readonly (Descriptor & {
    readonly platform?: { readonly architecture?: string };
    readonly annotations?: Readonly<Record<string, string>>;
  })[];
}

/** Where archives of images write an image's name, the full one first. */
const nameKeys = ["io.containerd.image.name", "org.opencontainers.image.ref.name"];

async function readJson<T>(...path: readonly string[]): Promise<T> {
  return JSON.parse(await readFile(join(...path), "utf8")) as T;
}

/** The manifest for amd64 below an entry of an index, which may be an index again. */
async function manifestOf(layout: string, entry: Index["manifests"][number]): Promise<Descriptor> {
  if (!entry.mediaType.includes("index") && !entry.mediaType.includes("list")) return entry;
  const { manifests } = await readJson<Index>(layout, "blobs", ...entry.digest.split(":"));
  const own = manifests.find(({ platform }) => platform?.architecture === "amd64");
  if (own === undefined) throw new Error(`${entry.digest} has no image for amd64`);
  return own;
}

/** Adds the images of a layout to the bundle's, index and blobs. */
async function addLayout(layout: string, images: string): Promise<Bundle["images"]> {
  const { manifests } = await readJson<Index>(layout, "index.json");
  await cp(join(layout, "blobs"), join(images, "blobs"), { recursive: true });
  const added = await Promise.all(
    manifests.map(async (entry) => {
      const name = nameKeys.map((key) => entry.annotations?.[key]).find((text) => text?.includes("/"));
      if (name === undefined) throw new Error(`an image of the archive has no name, but annotations ${JSON.stringify(entry.annotations)}`);
      const { mediaType, digest, size } = await manifestOf(layout, entry);
      const { config, layers } = await readJson<{ config: Descriptor; layers: readonly Descriptor[] }>(
        layout,
        "blobs",
        ...digest.split(":"),
      );
      const total = [config, ...layers].reduce((sum, blob) => sum + blob.size, size);
      return { name, architecture: "amd64" as const, mediaType, digest, size, total };
    }),
  );
  const index = await readJson<{ manifests: unknown[] }>(images, "index.json");
  const entries = added.map(({ name, mediaType, digest, size }) => ({
    mediaType,
    digest,
    size,
    annotations: Object.fromEntries(nameKeys.map((key) => [key, name])),
  }));
  await writeFile(join(images, "index.json"), JSON.stringify({ ...index, manifests: [...index.manifests, ...entries] }));
  return added.map(({ name, architecture, digest, total }) => ({ name, architecture, digest, size: total }));
}

/**
 * Writes to `out` a bundle with the images of archives beside its own: every `.tar` of a folder that holds an OCI image layout, as
 * `docker save`, `ctr images export` and `skopeo copy ... oci-archive:` make them, with full names.
 */
export async function extendBundle(bundle: string, archives: string, out: string): Promise<void> {
  const names = (await readdir(archives)).filter((name) => name.endsWith(".tar"));
  if (names.length === 0) throw new Error(`${archives} holds no .tar with images`);
  await cp(bundle, out, { recursive: true });
  const manifest = await readJson<Bundle>(out, "bundle.json");
  const images = [...manifest.images];
  for (const name of names) {
    const layout = await mkdtemp(join(tmpdir(), "kboot-layout-"));
    try {
      await run("tar", ["-x", "-C", layout, "-f", join(archives, name)]);
      images.push(...(await addLayout(layout, join(out, "images"))));
    } finally {
      await rm(layout, { recursive: true, force: true });
    }
  }
  await writeFile(join(out, "bundle.json"), `${JSON.stringify({ ...manifest, images }, null, 2)}\n`);
}
