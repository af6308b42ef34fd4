import { createReadStream } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Header, pack } from "tar-stream";

/** A member of a tar archive. Owner is root and the time 0, always. Paths have no leading or trailing slash. */
export type TarEntry = { readonly path: string; readonly mode?: number } & (
  | { readonly type: "directory" }
  | { readonly type: "symlink"; readonly target: string }
  | {
      readonly type: "file";
      /** The bytes, or the path of a file that has them. */
      readonly content: Buffer | { readonly file: string };
      /** Capabilities of the executable, as `security.capability` holds them. */
      readonly capabilities?: Buffer;
    }
);

/** A directory entry for each of `paths`, mode 0755. */
export function directories(...paths: readonly string[]): TarEntry[] {
  return paths.map((path) => ({ type: "directory", path }));
}

/** An executable of mode 0755 at `path`, with the bytes of `file`. */
export function executable(path: string, file: string): TarEntry {
  return { type: "file", path, mode: 0o755, content: { file } };
}

/** A text file of mode 0644. */
export function text(path: string, content: string): TarEntry {
  return { type: "file", path, content: Buffer.from(content) };
}

/** A symbolic link at `path`. */
export function symlink(path: string, target: string): TarEntry {
  return { type: "symlink", path, target };
}

/** The entries of everything below `root`, with the modes they have there. Devices, sockets and pipes are left out. */
export async function entriesOf(root: string): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  for (const path of await readdir(root, { recursive: true })) {
    const full = join(root, path);
    const stat = await lstat(full);
    const mode = stat.mode & 0o7777;
    if (stat.isDirectory()) entries.push({ type: "directory", path, mode });
    else if (stat.isSymbolicLink()) entries.push({ type: "symlink", path, target: await readlink(full) });
    else if (stat.isFile()) entries.push({ type: "file", path, mode, content: { file: full } });
  }
  return entries;
}

type EntryHeader = Partial<Header> & Pick<Header, "name">;

async function headerOf(entry: TarEntry): Promise<EntryHeader> {
  const common = { uid: 0, gid: 0, uname: "", gname: "", mtime: new Date(0) };
  switch (entry.type) {
    case "directory":
      return { ...common, type: "directory", name: `${entry.path}/`, mode: entry.mode ?? 0o755, size: 0 };
    case "symlink":
      return { ...common, type: "symlink", name: entry.path, linkname: entry.target, mode: 0o777, size: 0 };
    case "file": {
      const size = Buffer.isBuffer(entry.content) ? entry.content.length : (await lstat(entry.content.file)).size;
      const header: EntryHeader = { ...common, type: "file", name: entry.path, mode: entry.mode ?? 0o644, size };
      // The PAX record by which every tool since GNU tar 1.27 carries extended attributes.
      if (entry.capabilities) header.pax = { "SCHILY.xattr.security.capability": entry.capabilities.toString("utf8") };
      return header;
    }
  }
}

/**
 * A tar archive of `entries`, sorted by path (so a directory comes before what it holds). Equal entries give equal bytes.
 * Throws, by way of the stream, for two entries with one path.
 */
export function tarOf(entries: readonly TarEntry[]): Readable {
  const archive = pack();
  const sorted = [...entries].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  const write = async (): Promise<void> => {
    let previous: string | undefined;
    for (const entry of sorted) {
      if (entry.path === previous) throw new Error(`two tar entries with the path ${entry.path}`);
      previous = entry.path;
      const header = await headerOf(entry);
      if (entry.type !== "file") archive.entry(header);
      else if (Buffer.isBuffer(entry.content)) archive.entry(header, entry.content);
      else await pipeline(createReadStream(entry.content.file, { highWaterMark: 1 << 20 }), archive.entry(header));
    }
    archive.finalize();
  };
  write().catch((error: Error) => archive.destroy(error));
  return archive as unknown as Readable;
}
