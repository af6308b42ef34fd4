import { homedir } from "node:os";
import { resolve } from "node:path";
import type { ArtifactSource } from "../inventory/cluster.ts";
import { resolveSource } from "../inventory/resolve.ts";
import type { InventorySpec } from "../inventory/schema.ts";

type Source = NonNullable<InventorySpec["sources"]>[number];

/**
 * An artifact source as the command line names it: `upstream`, a bundle's directory, a mirror's URL, or `registry:ADDRESS`. Paths begin at
 * the current folder.
 */
export function readSource(text: string): Source {
  if (text === "upstream") return "upstream";
  if (/^https?:\/\//.test(text)) return { mirror: text };
  if (text.startsWith("registry:")) return { registry: text.slice("registry:".length) };
  return { bundle: resolve(text) };
}

/** The same, as a cluster has it. */
export function artifactSource(text: string): ArtifactSource {
  return resolveSource(readSource(text), { file: resolve("kboot.yaml"), home: homedir() });
}
