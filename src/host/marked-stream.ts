/** Splits a stream into plain bytes and tokens: a token is the mark, one character for its kind, text, and a newline. */
export class MarkedStream {
  readonly #mark: Buffer;
  readonly #onData: (bytes: Buffer) => void;
  readonly #onToken: (kind: string, text: string) => void;
  #pending: Buffer = Buffer.alloc(0);

  /** The mark must be one that plain bytes cannot hold, so a random one. */
  constructor(mark: string, onData: (bytes: Buffer) => void, onToken: (kind: string, text: string) => void) {
    this.#mark = Buffer.from(mark);
    this.#onData = onData;
    this.#onToken = onToken;
  }

  push(chunk: Buffer): void {
    let rest = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    for (;;) {
      const start = rest.indexOf(this.#mark);
      if (start === -1) {
        const sure = rest.length - this.#startOfMarkAtEnd(rest);
        this.#data(rest.subarray(0, sure));
        this.#pending = rest.subarray(sure);
        return;
      }
      const end = rest.indexOf(10, start + this.#mark.length);
      if (end === -1) {
        this.#data(rest.subarray(0, start));
        this.#pending = rest.subarray(start);
        return;
      }
      this.#data(rest.subarray(0, start));
      const token = rest.subarray(start + this.#mark.length, end).toString();
      rest = rest.subarray(end + 1);
      this.#onToken(token.slice(0, 1), token.slice(1));
    }
  }

  #data(bytes: Buffer): void {
    if (bytes.length > 0) this.#onData(bytes);
  }

  /** How many of the last bytes may be the beginning of a mark. */
  #startOfMarkAtEnd(bytes: Buffer): number {
    for (let length = Math.min(this.#mark.length - 1, bytes.length); length > 0; length--) {
      if (bytes.subarray(bytes.length - length).equals(this.#mark.subarray(0, length))) return length;
    }
    return 0;
  }
}
