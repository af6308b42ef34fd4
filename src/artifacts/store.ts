import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { z } from "zod";
import { KbootError } from "../errors.ts";
import { type Blob, readChecked, sha256Of } from "./blob.ts";
import { download } from "./download.ts";

/** Where kboot keeps what it can get again: `$KBOOT_CACHE`, else `~/.cache/kboot`. */
export function cacheFolder(): string {
  return process.env["KBOOT_CACHE"] || join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "kboot");
}

export interface StoreOptions {
  /** Default: `artifacts` in the cache. */
  readonly folder?: string;
  readonly onFetch?: (url: string) => void;
}

/** Checked bytes on this machine's disk, by their sha256, and what was once found out about them. Several processes may use one. */
export class Store {
  readonly #folder: string;
  readonly #running = new Map<string, Promise<string>>();

  readonly #onFetch: (url: string) => void;

  /** `onFetch` is told each URL that is downloaded from. */
  constructor({ folder = join(cacheFolder(), "artifacts"), onFetch = () => {} }: StoreOptions = {}) {
    this.#folder = folder;
    this.#onFetch = onFetch;
  }

  /** Path of the blob's bytes; they are downloaded first where need be. Throws KbootError `artifact`, `cancelled`. */
  async fetch(blob: Blob, signal: AbortSignal): Promise<string> {
    if ("path" in blob.at) return onDisk(blob.at.path, blob.size);
    const running = this.#running.get(blob.sha256) ?? this.#fetch(blob, blob.at, signal);
    this.#running.set(blob.sha256, running);
    return running.finally(() => this.#running.delete(blob.sha256));
  }

  /** Small bytes that the store has; undefined when it has not, or has them damaged. */
  async read(sha256: string): Promise<Buffer | undefined> {
    const bytes = await readFile(await this.#path(sha256)).catch(() => undefined);
    return bytes !== undefined && sha256Of(bytes) === sha256 ? bytes : undefined;
  }

  /** Writes the blob's bytes to a path, checked on the way. What was fetched before and is damaged by now is fetched again. */
  async copy(blob: Blob, to: string, signal: AbortSignal): Promise<void> {
    const write = async (from: string) => pipeline(readChecked(from, blob.sha256), createWriteStream(to));
    const from = await this.fetch(blob, signal);
    try {
      await write(from);
    } catch (error) {
      if ("path" in blob.at || !(error instanceof KbootError)) throw error;
      await rm(from, { force: true });
      await write(await this.fetch(blob, signal));
    }
  }

  /** Keeps bytes that are at hand; returns their path. */
  async put(bytes: Uint8Array): Promise<string> {
    const path = await this.#path(sha256Of(bytes));
    await replace(path, bytes);
    return path;
  }

  /** What was remembered under a name; undefined when that is nothing, or of another shape. */
  async recall<S extends z.ZodType>(name: string, schema: S): Promise<z.output<S> | undefined> {
    const text = await readFile(await this.#note(name), "utf8").catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      return schema.parse(JSON.parse(text));
    } catch {
      return undefined;
    }
  }

  async remember(name: string, value: unknown): Promise<void> {
    await replace(await this.#note(name), JSON.stringify(value));
  }

  async #fetch(blob: Blob, at: Exclude<Blob["at"], { path: string }>, signal: AbortSignal): Promise<string> {
    const path = await this.#path(blob.sha256);
    if (await exists(path)) return path;
    this.#onFetch(at.url);
    const part = await this.#claim(path);
    await download({ url: at.url, get: at.get, sha256: blob.sha256, size: blob.size }, part, signal);
    await rename(part, path);
    return path;
  }

  /** A part file of this process alone; the beginning that a process left which has ended becomes its own. */
  async #claim(path: string): Promise<string> {
    const own = `${path}.${process.pid}.part`;
    const name = path.slice(path.lastIndexOf("/") + 1);
    for (const other of await readdir(join(this.#folder, "sha256"))) {
      const pid = Number(other.startsWith(`${name}.`) ? /\.(\d+)\.part$/.exec(other)?.[1] : Number.NaN);
      if (!(pid > 0) || pid === process.pid || isRunning(pid)) continue;
      const left = join(this.#folder, "sha256", other);
      await link(left, own).catch(() => {}); // there may be one already, or another was quicker
      await rm(left, { force: true });
    }
    return own;
  }

  async #path(sha256: string): Promise<string> {
    await mkdir(join(this.#folder, "sha256"), { recursive: true });
    return join(this.#folder, "sha256", sha256);
  }

  async #note(name: string): Promise<string> {
    await mkdir(join(this.#folder, "known"), { recursive: true });
    return join(this.#folder, "known", `${sha256Of(Buffer.from(name))}.json`);
  }
}

async function replace(path: string, content: string | Uint8Array): Promise<void> {
  const own = `${path}.${randomUUID()}.new`;
  await writeFile(own, content);
  await rename(own, path);
}

/** The path of a file that belongs to a bundle. */
async function onDisk(path: string, size: number | undefined): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined && (size === undefined || found.size === size)) return path;
  throw new KbootError("artifact", `a file of the bundle ${found === undefined ? "is missing" : `has ${found.size} bytes, not ${size}`}`, {
    where: { file: path },
    hint: "make the bundle again",
  });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
