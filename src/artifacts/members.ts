import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { readPieces, sumOf } from "./blob.ts";

/** A file inside an archive. */
export interface Member {
  /** As the archive names it, without a leading `./`. */
  readonly path: string;
  /** Octal, four digits. */
  readonly mode: string;
  readonly size: number;
  readonly sha256: string;
}

/** Sum and mode of each regular file in an archive compressed by gzip. */
export async function listMembers(path: string): Promise<readonly Member[]> {
  const members: Member[] = [];
  const archive = extract();
  const stored = readPieces(path);
  const plain = createGunzip();
  stored.on("error", (error) => archive.destroy(error));
  plain.on("error", (error) => archive.destroy(error));
  stored.pipe(plain).pipe(archive);
  for await (const entry of archive) {
    const sum = await sumOf(entry as unknown as AsyncIterable<Uint8Array>);
    if (entry.header.type !== "file") continue;
    const mode = ((entry.header.mode ?? 0) & 0o7777).toString(8).padStart(4, "0");
    members.push({ path: entry.header.name.replace(/^\.\//, ""), mode, ...sum });
  }
  return members;
}
