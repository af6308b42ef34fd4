import type { ArtifactSources } from "../engine/contracts.ts";
import type { ArtifactSource } from "../inventory/cluster.ts";
import { openBundle, openMirror } from "./bundle.ts";
import { registrySource } from "./registry.ts";
import { resolve } from "./resolve.ts";
import type { Source, Wanted } from "./source.ts";
import { Store, type StoreOptions } from "./store.ts";
import { upstream } from "./upstream.ts";

export type { Wanted } from "./source.ts";

/**
 * Opens the sources of an inventory, in its order of preference. Throws KbootError `artifact` when a bundle or mirror cannot be read;
 * what is wrong with a single thing is told when a step asks for it.
 */
export async function openSources(
  sources: readonly ArtifactSource[],
  wanted: Wanted,
  signal: AbortSignal,
  options: StoreOptions = {},
): Promise<ArtifactSources> {
  const store = new Store(options);
  const opened = await Promise.all(
    sources.map(async (source): Promise<Source> => {
      switch (source.kind) {
        case "bundle":
          return openBundle(source.path, signal);
        case "mirror":
          return openMirror(source.url, store, signal);
        case "registry":
          return registrySource(source.address, source.insecure, store);
        case "upstream":
          return upstream(wanted, store);
      }
    }),
  );
  return {
    probes: [...new Set(opened.flatMap((source) => source.probes))],
    resolve: (architectures) => resolve(opened, wanted, architectures, store, signal),
  };
}
