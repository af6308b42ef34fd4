import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { KbootError } from "../errors.ts";
import type { Get } from "./http.ts";

/** Bytes named by their sha256 (hex), and where they are: on this machine's disk, or to be fetched. */
export interface Blob {
  readonly sha256: string;
  /** Undefined where the source does not say it. */
  readonly size: number | undefined;
  readonly at: { readonly path: string } | { readonly url: string; readonly get: Get };
}

/** `sha256:...` as the hex alone. */
export function hexOf(digest: string): string {
  return digest.slice("sha256:".length);
}

/** sha256 of some bytes, hex. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** sha256 of what a stream gives, hex, and how many bytes that was. */
export async function sumOf(stream: AsyncIterable<Uint8Array>): Promise<{ readonly sha256: string; readonly size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { sha256: hash.digest("hex"), size };
}

/** Reads a file of any size in pieces. */
export function readPieces(path: string) {
  return createReadStream(path, { highWaterMark: 1 << 18 });
}

/** The same, and throws KbootError `artifact` at its end when its sum (sha256, hex) is another. */
export async function* readChecked(path: string, sha256: string): AsyncIterable<Uint8Array> {
  const hash = createHash("sha256");
  for await (const piece of readPieces(path)) {
    hash.update(piece as Uint8Array);
    yield piece as Uint8Array;
  }
  const found = hash.digest("hex");
  if (found !== sha256) {
    throw new KbootError("artifact", `it is damaged: its sha256 is ${found}, not ${sha256}`, {
      where: { file: path },
      hint: "make the bundle again; a file of kboot's own cache may be removed, and is then fetched again",
    });
  }
}
