import { stat } from "node:fs/promises";
import pMap from "p-map";
import type { Artifacts, StoredFile, StoredImage } from "../engine/contracts.ts";
import { exitCodeOf, KbootError } from "../errors.ts";
import type { Payload } from "../host/host.ts";
import { readChecked } from "./blob.ts";
import { archiveImages } from "./image-archive.ts";
import type { FoundFile, FoundImage, Source, Wanted } from "./source.ts";
import type { Store } from "./store.ts";

/** At most this many questions or downloads at a time. */
const concurrency = 6;

/** Architectures for which there are artifacts at all. */
const known: readonly string[] = ["amd64", "arm64"];

/** What came of asking for a thing: it, why that cannot be told, or nothing where no source has it. */
type Outcome<T> = T | KbootError | undefined;

interface Outcomes {
  readonly files: Map<string, Outcome<FoundFile>>;
  readonly images: Map<string, Outcome<FoundImage>>;
}

const fileKey = (name: string, version: string, architecture: string): string => `${name} ${version} for ${architecture}`;
const imageKey = (name: string, architecture: string): string => `image ${name} for ${architecture}`;

/**
 * Artifacts out of the first source that has each. What is wrong with a single thing is thrown when that is asked for; bytes are
 * brought here when they are.
 */
export async function resolve(
  sources: readonly Source[],
  wanted: Wanted,
  architectures: readonly string[],
  store: Store,
  signal: AbortSignal,
): Promise<Artifacts> {
  const { files, images } = await ask(sources, wanted, architectures, signal);
  const take = <T>(outcomes: ReadonlyMap<string, Outcome<T>>, key: string): T => {
    const outcome = outcomes.get(key);
    if (outcome instanceof KbootError) throw outcome;
    if (outcome === undefined) throw missing(key, sources);
    return outcome;
  };
  return {
    file(name, version, architecture): StoredFile {
      const { blob, ...file } = take(files, fileKey(name, version, architecture));
      return { ...file, payload: async () => filePayload(await store.fetch(blob, signal), blob.sha256) };
    },
    image(name, architecture): StoredImage {
      const { blobs, digest, remote } = take(images, imageKey(name, architecture));
      return { name, architecture, digest, blobs: blobs.map(({ sha256 }) => `sha256:${sha256}`), remote };
    },
    async imageArchive(wished, omit) {
      const found = wished.map((image) => take(images, imageKey(image.name, image.architecture)));
      const needed = new Map(found.flatMap(({ blobs }) => blobs).map((blob) => [`sha256:${blob.sha256}`, blob]));
      for (const digest of omit) needed.delete(digest);
      const paths = new Map<string, string>();
      await pMap(needed, async ([digest, blob]) => paths.set(digest, await store.fetch(blob, signal)), { concurrency, signal });
      const local = found.map(({ name, mediaType, blobs }) => ({
        name,
        mediaType,
        blobs: blobs.map(({ sha256, size = 0 }) => ({ digest: `sha256:${sha256}`, path: paths.get(`sha256:${sha256}`) ?? "", size })),
      }));
      return archiveImages(local, omit);
    },
  };
}

/** Asks for everything at once, and each source only for what those before it do not have. */
async function ask(sources: readonly Source[], wanted: Wanted, architectures: readonly string[], signal: AbortSignal): Promise<Outcomes> {
  const outcomes: Outcomes = { files: new Map(), images: new Map() };
  const questions = architectures
    .filter((architecture) => known.includes(architecture))
    .flatMap((architecture) => [
      ...wanted.files.map((file) => async () => {
        const outcome = await first(sources, (source) => source.file(file, architecture, signal));
        outcomes.files.set(fileKey(file.name, file.version, architecture), outcome);
      }),
      ...wanted.images.map((name) => async () => {
        outcomes.images.set(imageKey(name, architecture), await first(sources, (source) => source.image(name, architecture, signal)));
      }),
    ]);
  await pMap(questions, (question) => question(), { concurrency, signal });
  return outcomes;
}

/** What the first source has that has it; the error of one that cannot tell. */
async function first<T>(sources: readonly Source[], look: (source: Source) => Promise<T | undefined>): Promise<Outcome<T>> {
  for (const source of sources) {
    try {
      const found = await look(source);
      if (found !== undefined) return found;
    } catch (error) {
      if (error instanceof KbootError && error.exitCode === exitCodeOf("artifact")) return error;
      throw error;
    }
  }
  return undefined;
}

function missing(what: string, sources: readonly Source[]): KbootError {
  return new KbootError("artifact", `no source has ${what}`, {
    hint: `sources asked: ${sources.map(({ label }) => label).join(", ") || "none"}; add it there, or name another under \`sources\` in the inventory`,
  });
}

async function filePayload(path: string, sha256: string): Promise<Payload> {
  return { size: (await stat(path)).size, open: () => readChecked(path, sha256) };
}
