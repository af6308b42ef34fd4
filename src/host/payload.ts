import type { Payload } from "./host.ts";

/** A payload of bytes that are in memory already. */
export function bytesPayload(bytes: Uint8Array): Payload {
  return {
    size: bytes.length,
    async *open() {
      yield bytes;
    },
  };
}

/** One payload of several, one after the other; none of none. */
export function joinPayloads(payloads: readonly Payload[]): Payload | undefined {
  if (payloads.length === 0) return undefined;
  return {
    size: payloads.reduce((sum, payload) => sum + payload.size, 0),
    async *open() {
      for (const payload of payloads) yield* payload.open();
    },
  };
}
