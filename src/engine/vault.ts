import type { Secret } from "../secret.ts";

/** A key pair or shared value that several resources need. Certificate and public key are PEM. */
export interface Material {
  /** PEM; absent for key pairs without certificate. */
  readonly certificate?: string | undefined;
  readonly publicKey?: string | undefined;
  readonly key?: Secret | undefined;
}

/**
 * Holds secrets for one run, in memory. Steps name them (`ca`, `etcd-ca`, `front-proxy-ca`, `sa`);
 * observation and changes put them in.
 */
export class Vault {
  readonly #materials = new Map<string, Material>();

  has(name: string): boolean {
    return this.#materials.has(name);
  }

  get(name: string): Material | undefined {
    return this.#materials.get(name);
  }

  /** The material; a missing one is a bug in the order of steps. */
  need(name: string): Material {
    const material = this.#materials.get(name);
    if (material === undefined) throw new Error(`the vault holds no ${name} yet`);
    return material;
  }

  put(name: string, material: Material): void {
    this.#materials.set(name, material);
  }
}
