import type { Vault } from "../engine/vault.ts";
import type { Secret } from "../secret.ts";

/** Text of a file: known now, or built from what the vault holds once it does. */
export type Content = string | Secret | { readonly needs: readonly string[]; build(vault: Vault): string | Secret };

/** The text, or undefined while the vault lacks something it needs. */
export function resolveContent(content: Content, vault: Vault): string | Secret | undefined {
  if (typeof content === "string" || !("needs" in content)) return content;
  return content.needs.every((name) => vault.has(name)) ? content.build(vault) : undefined;
}
