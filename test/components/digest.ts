import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Size and sha256 (hex) of some bytes. */
export type Sum = { readonly size: number; readonly sha256: string };

/** A stream that passes everything on, and afterwards tells its size and sha256. */
export function summing(): { readonly stream: Transform; readonly sum: () => Sum } {
  const hash = createHash("sha256");
  let size = 0;
  let result: Sum | undefined;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  return {
    stream,
    sum: () => {
      result ??= { size, sha256: hash.digest("hex") };
      return result;
    },
  };
}

/** Size and sha256 of a buffer. */
export function sumOfBytes(bytes: Buffer): Sum {
  return { size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** Size and sha256 of what `source` yields, read to its end. */
export async function sumOf(source: AsyncIterable<Buffer>): Promise<Sum> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of source) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, sha256: hash.digest("hex") };
}

/** Size and sha256 of a file. */
export function sumOfFile(path: string): Promise<Sum> {
  return sumOf(createReadStream(path, { highWaterMark: 1 << 20 }));
}

/** Writes `source`, compressed by `compressor`, to `path`: sums of the bytes before and after. */
export async function writeCompressed(source: NodeJS.ReadableStream, compressor: NodeJS.ReadWriteStream, path: string) {
  const plain = summing();
  const stored = summing();
  await pipeline(source, plain.stream, compressor, stored.stream, createWriteStream(path));
  return { plain: plain.sum(), stored: stored.sum() };
}
