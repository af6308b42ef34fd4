import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { Bundle } from "../../components/bundle.ts";
import { sumOfBytes } from "../../components/digest.ts";
import { blobPath, type Descriptor, type Image, type Layer, mediaTypes, writeImage, writeLayer } from "../../components/oci-layout.ts";
import type { TarEntry } from "../../components/tar.ts";

interface Index {
  readonly manifests: readonly (Descriptor & { readonly annotations: Readonly<Record<string, string>> })[];
}

const nameKey = "io.containerd.image.name";

async function readJson<T>(...path: readonly string[]): Promise<T> {
  return JSON.parse(await readFile(join(...path), "utf8")) as T;
}

/** A copy of a bundle, by links, in which one image is another. All sums in it are right. Returns `out`. */
async function replaceImage(bundle: string, out: string, name: string, make: (layout: string) => Promise<Image>): Promise<string> {
  await execa("cp", ["-rs", bundle, out]);
  const layout = join(out, "images");
  const { manifest, totalSize } = await make(layout);
  const replace = async (path: string, content: object) => {
    await rm(path);
    await writeFile(path, JSON.stringify(content));
  };
  const index = await readJson<Index>(layout, "index.json");
  const manifests = index.manifests.map((entry) => (entry.annotations[nameKey] === name ? { ...entry, ...manifest } : entry));
  await replace(join(layout, "index.json"), { ...index, manifests });
  const listed = await readJson<Bundle>(out, "bundle.json");
  const images = listed.images.map((image) => (image.name === name ? { ...image, digest: manifest.digest, size: totalSize } : image));
  await replace(join(out, "bundle.json"), { ...listed, images });
  return out;
}

/** A copy of a bundle in which the layer of an image is no archive. */
export function breakImage(bundle: string, out: string, name: string): Promise<string> {
  return replaceImage(bundle, out, name, async (layout) => {
    const bytes = Buffer.from("this is no archive");
    const digest = `sha256:${sumOfBytes(bytes).sha256}`;
    await writeFile(blobPath(layout, digest), bytes);
    return writeImage(layout, name, {}, [{ mediaType: mediaTypes.layer, digest, size: bytes.length, diffId: digest }]);
  });
}

/** A copy of a bundle in which an image is another one of the bundle with more in it. */
export function disguiseImage(bundle: string, out: string, name: string, as: string, entries: readonly TarEntry[]): Promise<string> {
  return replaceImage(bundle, out, name, async (layout) => {
    const { manifests } = await readJson<Index>(layout, "index.json");
    const digest = manifests.find(({ annotations }) => annotations[nameKey] === as)?.digest ?? "";
    const manifest = JSON.parse(await readFile(blobPath(layout, digest), "utf8")) as { config: Descriptor; layers: readonly Descriptor[] };
    const config = JSON.parse(await readFile(blobPath(layout, manifest.config.digest), "utf8")) as { rootfs: { diff_ids: string[] } };
    const layers = manifest.layers.map((layer, index): Layer => ({ ...layer, diffId: config.rootfs.diff_ids[index] ?? "" }));
    return writeImage(layout, name, {}, [...layers, await writeLayer(layout, entries)]);
  });
}
