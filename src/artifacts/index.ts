import { stat } from "node:fs/promises";
import pMap from "p-map";
import type { ArtifactSources, Artifacts, StoredFile, StoredImage } from "../engine/contracts.ts";
import { KbootError } from "../errors.ts";
import type { ArtifactSource } from "../inventory/cluster.ts";
import { readPieces } from "./blob.ts";
import { openBundle, openMirror } from "./bundle.ts";
import { archiveImages } from "./image-archive.ts";
import { registrySource } from "./registry.ts";
import type { FoundFile, FoundImage, Source, Wanted } from "./source.ts";
import { Store } from "./store.ts";
import { upstream } from "./upstream.ts";

export type { Wanted } from "./source.ts";

/** At most this many questions or downloads at a time. */
const concurrency = 6;

/** Architectures for which there are artifacts at all. */
const known: readonly string[] = ["amd64", "arm64"];

/**
 * Opens the sources of an inventory, in its order of preference. Throws KbootError `artifact` when a bundle or mirror cannot be read;
 * what is wrong with a single thing is told when a step asks for it.
 */
export async function openSources(
  sources: readonly ArtifactSource[],
  wanted: Wanted,
  signal: AbortSignal,
  store = new Store(),
): Promise<ArtifactSources> {
  const opened = await Promise.all(
    sources.map(async (source): Promise<Source> => {
      switch (source.kind) {
        case "bundle":
          return openBundle(source.path, signal);
        case "mirror":
          return openMirror(source.url, store, signal);
        case "registry":
          return registrySource(source.address, source.insecure, store);
        case "upstream":
          return upstream(wanted, store);
      }
    }),
  );
  return {
    probes: [...new Set(opened.flatMap((source) => source.probes))],
    resolve: (architectures) => resolve(opened, wanted, architectures, store, signal),
  };
}

/** Asks the sources one after the other for each thing; what came of it, found or not, by name. */
async function resolve(
  sources: readonly Source[],
  wanted: Wanted,
  architectures: readonly string[],
  store: Store,
  signal: AbortSignal,
): Promise<Artifacts> {
  const files = new Map<string, FoundFile | Error>();
  const images = new Map<string, FoundImage | Error>();
  const questions = architectures
    .filter((architecture) => known.includes(architecture))
    .flatMap((architecture) => [
      ...wanted.files.map((file) => async () => {
        const found = await first(sources, (source) => source.file(file, architecture, signal));
        if (found !== undefined) files.set(fileKey(file.name, file.version, architecture), found);
      }),
      ...wanted.images.map((name) => async () => {
        const found = await first(sources, (source) => source.image(name, architecture, signal));
        if (found !== undefined) images.set(imageKey(name, architecture), found);
      }),
    ]);
  await pMap(questions, (ask) => ask(), { concurrency, signal });
  const take = <T>(found: T | Error | undefined, what: string): T => {
    if (found instanceof Error) throw found;
    if (found === undefined) throw missing(what, sources);
    return found;
  };
  const imageOf = (name: string, architecture: string) =>
    take(images.get(imageKey(name, architecture)), `the image ${name} for ${architecture}`);
  return {
    file(name, version, architecture): StoredFile {
      const { blob, ...file } = take(files.get(fileKey(name, version, architecture)), `${name} ${version} for ${architecture}`);
      return { ...file, payload: async () => filePayload(await store.fetch(blob, signal)) };
    },
    image(name, architecture): StoredImage {
      const { blobs, digest, remote } = imageOf(name, architecture);
      return { name, architecture, digest, blobs: blobs.map(({ sha256 }) => `sha256:${sha256}`), remote };
    },
    async imageArchive(wished, omit) {
      const local = wished.map((image) => imageOf(image.name, image.architecture));
      const needed = new Map(local.flatMap(({ blobs }) => blobs).map((blob) => [blob.sha256, blob]));
      const paths = new Map<string, string>();
      await pMap(
        [...needed.values()].filter(({ sha256 }) => !omit.has(`sha256:${sha256}`)),
        async (blob) => paths.set(blob.sha256, await store.fetch(blob, signal)),
        { concurrency, signal },
      );
      return archiveImages(
        local.map(({ name, mediaType, blobs }) => ({
          name,
          mediaType,
          blobs: blobs.map(({ sha256, size = 0 }) => ({ digest: `sha256:${sha256}`, path: paths.get(sha256) ?? "", size })),
        })),
        omit,
      );
    },
  };
}

/** What the first source has that has it; the error of one that cannot tell. */
async function first<T>(sources: readonly Source[], look: (source: Source) => Promise<T | undefined>): Promise<T | Error | undefined> {
  for (const source of sources) {
    try {
      const found = await look(source);
      if (found !== undefined) return found;
    } catch (error) {
      if (error instanceof KbootError && error.code === "cancelled") throw error;
      return error as Error;
    }
  }
  return undefined;
}

function missing(what: string, sources: readonly Source[]): KbootError {
  return new KbootError("artifact", `no source has ${what}`, {
    hint: `sources asked: ${sources.map(({ label }) => label).join(", ") || "none"}; add it there, or name another under \`sources\` in the inventory`,
  });
}

const fileKey = (name: string, version: string, architecture: string): string => `${name} ${version} ${architecture}`;
const imageKey = (name: string, architecture: string): string => `${name} ${architecture}`;

async function filePayload(path: string) {
  return { size: (await stat(path)).size, open: () => readPieces(path) };
}
