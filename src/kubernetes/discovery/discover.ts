import type { Discovered, DiscoverOptions, Discovery } from "./discovered.ts";
import { discoverByFile } from "./file.ts";
import { discoverByToken } from "./token.ts";

/**
 * Finds the cluster to join, and judges whether it is the one that is meant. Changes nothing, here or there. Throws KbootError: `usage` for
 * what cannot be meant, `discovery` where there is no cluster, `token-expired`, `discovery-untrusted`, `certificate-untrusted`,
 * `certificate-expired`, `cancelled`.
 */
export function discover(discovery: Discovery, options: DiscoverOptions): Promise<Discovered> {
  const timed = { ...options, endMs: performance.now() + options.timeoutSeconds * 1000 };
  return discovery.kind === "token" ? discoverByToken(discovery, timed) : discoverByFile(discovery, timed);
}
