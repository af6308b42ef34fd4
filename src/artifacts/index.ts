import type { Artifacts } from "../engine/contracts.ts";
import type { ArtifactSource } from "../inventory/cluster.ts";
import { bundleArtifacts, openBundle } from "./bundle.ts";

/** Opens the sources of an inventory, in its order. Throws KbootError `artifact` when one cannot be read. */
export async function openArtifacts(sources: readonly ArtifactSource[]): Promise<Artifacts> {
  const bundles = await Promise.all(sources.flatMap((source) => (source.kind === "bundle" ? [openBundle(source.path)] : [])));
  return bundleArtifacts(bundles);
}
