import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { KbootError } from "../errors.ts";
import { type Blob, hexOf, sha256Of } from "./blob.ts";
import { get, getSmall } from "./http.ts";
import { type BundleManifest, bundleManifest } from "./manifest.ts";
import { listBlobs, readManifest } from "./oci.ts";
import type { FoundFile, FoundImage, Source } from "./source.ts";
import type { Store } from "./store.ts";

/** A bundle's directory: on this machine, or below a URL. */
interface Shelf {
  readonly label: string;
  /** Small files alone. Throws KbootError `artifact`. */
  read(path: string, signal: AbortSignal): Promise<Buffer>;
  /** The manifest of an image. */
  readManifest(digest: string, signal: AbortSignal): Promise<Buffer>;
  at(path: string): Blob["at"];
  /** For hosts. */
  url(path: string): string | undefined;
}

function diskShelf(path: string): Shelf {
  const file = (name: string) => join(path, name);
  const read = (name: string) =>
    readFile(file(name)).catch((cause) => {
      throw new KbootError("artifact", `cannot read the bundle: ${(cause as Error).message}`, {
        where: { file: file(name) },
        hint: "make it with `kboot bundle create`, or name another source under `sources` in the inventory",
        cause,
      });
    });
  return {
    label: `bundle ${path}`,
    read,
    readManifest: (digest) => read(blobPath(digest)),
    at: (name) => ({ path: file(name) }),
    url: () => undefined,
  };
}

function webShelf(url: string, store: Store): Shelf {
  const base = url.replace(/\/+$/, "");
  const read = async (name: string, signal: AbortSignal) => {
    const bytes = await getSmall(`${base}/${name}`, { signal });
    if (bytes !== undefined) return bytes;
    throw new KbootError("artifact", `the mirror has no ${base}/${name}`, {
      hint: "a mirror is the URL below which the files of a bundle's directory are served",
    });
  };
  return {
    label: `mirror ${base}`,
    read,
    readManifest: async (digest, signal) => {
      const known = await store.read(hexOf(digest));
      if (known !== undefined) return known;
      const bytes = await read(blobPath(digest), signal);
      if (`sha256:${sha256Of(bytes)}` !== digest) {
        throw new KbootError("artifact", `${base}/${blobPath(digest)} is damaged: its sha256 is ${sha256Of(bytes)}`, {
          hint: "copy the bundle to the mirror again",
        });
      }
      await store.put(bytes);
      return bytes;
    },
    at: (name) => ({ url: `${base}/${name}`, get }),
    url: (name) => `${base}/${name}`,
  };
}

/** Opens a bundle on this machine's disk. Throws KbootError `artifact`. */
export function openBundle(path: string, signal: AbortSignal): Promise<Source> {
  return open(diskShelf(path), signal);
}

/** Opens a bundle that a web server has below a URL. Throws KbootError `artifact`. */
export function openMirror(url: string, store: Store, signal: AbortSignal): Promise<Source> {
  return open(webShelf(url, store), signal);
}

const manifestName = "bundle.json";

async function open(shelf: Shelf, signal: AbortSignal): Promise<Source> {
  const manifest = parseManifest(await shelf.read(manifestName, signal), shelf);
  const probe = shelf.url(manifestName);
  const remote = (path: string) => {
    const url = shelf.url(path);
    return url === undefined || probe === undefined ? undefined : { probe, url };
  };
  return {
    label: shelf.label,
    probes: probe === undefined ? [] : [probe],
    async file({ name, version }, architecture): Promise<FoundFile | undefined> {
      const found = manifest.files.find((file) => file.name === name && file.version === version && file.architecture === architecture);
      if (found === undefined) return undefined;
      const { format, sha256, size, path, members } = found;
      return { name, version, architecture, format, sha256, members, blob: { sha256, size, at: shelf.at(path) }, remote: remote(path) };
    },
    async image(name, architecture, signal): Promise<FoundImage | undefined> {
      const found = manifest.images.find((image) => image.name === name && image.architecture === architecture);
      if (found === undefined) return undefined;
      const { digest } = found;
      const bytes = await shelf.readManifest(digest, signal);
      const read = readManifest(bytes, `${shelf.label}: ${blobPath(digest)}`);
      const blobs = listBlobs(digest, bytes.length, read, (blob) => shelf.at(blobPath(blob)));
      const urls = blobs.flatMap(({ sha256 }) => shelf.url(blobPath(`sha256:${sha256}`)) ?? []);
      const remote = probe === undefined ? undefined : { probe, blobs: urls };
      return { name, architecture, digest, mediaType: read.mediaType, blobs, remote };
    },
  };
}

/** Path of an image's blob in a bundle, by its digest. */
export function blobPath(digest: string): string {
  return `images/blobs/sha256/${hexOf(digest)}`;
}

function parseManifest(bytes: Buffer, { label }: Shelf): BundleManifest {
  const refuse = (why: string, cause?: unknown) =>
    new KbootError("artifact", `${label}: ${manifestName} ${why}`, { hint: "make the bundle again", cause });
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw refuse(`is not JSON: ${(cause as Error).message}`, cause);
  }
  const parsed = bundleManifest.safeParse(json);
  if (!parsed.success) throw refuse(`is not the manifest of a bundle:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
