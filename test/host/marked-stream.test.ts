import test from "ava";
import fc from "fast-check";
import { MarkedStream } from "../../src/host/marked-stream.ts";

const mark = "kboot-abab";

function split(chunks: readonly Buffer[]): { data: Buffer; tokens: string[] } {
  const data: Buffer[] = [];
  const tokens: string[] = [];
  const stream = new MarkedStream(
    mark,
    (bytes) => data.push(bytes),
    (kind, text) => tokens.push(kind + text),
  );
  for (const chunk of chunks) stream.push(chunk);
  return { data: Buffer.concat(data), tokens };
}

test("tells tokens from bytes, wherever the stream is cut into chunks", (t) => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 12 }).map((bytes) => ({ bytes: Buffer.from(bytes), token: undefined })),
    fc.constantFrom("kboot-", "kboot-aba", "kkboot-ab").map((text) => ({ bytes: Buffer.from(`${text}.`), token: undefined })),
    fc.constantFrom(":0", "+", "!waiting a b").map((token) => ({ bytes: Buffer.from(`${mark}${token}\n`), token })),
  );
  const property = fc.property(fc.array(part), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (parts, sizes) => {
    const all = Buffer.concat([...parts.map(({ bytes }) => bytes), Buffer.from("end")]);
    const chunks: Buffer[] = [];
    for (let at = 0, turn = 0; at < all.length; turn++) {
      const size = sizes[turn % sizes.length] ?? 1;
      chunks.push(all.subarray(at, at + size));
      at += size;
    }
    const plain = parts.filter(({ token }) => token === undefined).map(({ bytes }) => bytes);
    const { data, tokens } = split(chunks);
    t.deepEqual(data.toString("hex"), Buffer.concat([...plain, Buffer.from("end")]).toString("hex"));
    t.deepEqual(
      tokens,
      parts.flatMap(({ token }) => token ?? []),
    );
  });
  fc.assert(property);
});
