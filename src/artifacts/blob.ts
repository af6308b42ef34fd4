import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
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
