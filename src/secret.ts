import { inspect } from "node:util";

const shown = "[secret]";

/** A value that cannot be turned into text by accident: printing, JSON and templates show `[secret]`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Call this only where it goes onto a wire or into a signature. */
  reveal(): string {
    return this.#value;
  }

  equals(other: Secret): boolean {
    return this.#value === other.#value;
  }

  toString(): string {
    return shown;
  }

  toJSON(): string {
    return shown;
  }

  [inspect.custom](): string {
    return shown;
  }
}

/** How secrets look that a program of others may print: private keys (PEM, or as kubeconfigs hold them), bootstrap tokens, credentials. */
const looks: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN ([A-Z ]*)PRIVATE KEY-----[\s\S]*?(-----END \1PRIVATE KEY-----|$)/g, shown],
  [/(client-key-data|password|passwd|token):\s*\S+/gi, `$1: ${shown}`],
  [/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, shown],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/g, `$1 ${shown}`],
  [/\b(https?:\/\/[^\s:/@]+):[^\s/@]+@/g, `$1:${shown}@`],
];

/** A text of others without what looks like a secret. */
export function withoutSecrets(text: string): string {
  return looks.reduce((left, [look, instead]) => left.replaceAll(look, instead), text);
}
