import type { Api } from "../engine/contracts.ts";
import type { Vault } from "../engine/vault.ts";
import { administratorAccess, type ReachedControlPlane } from "./administrator.ts";
import { openApi } from "./api.ts";

/**
 * The API of the first of these control planes whose API server is ready, as an administrator; undefined while none is. The vault must hold what
 * `learnCa` takes there. `opened` keeps, by the host's name, what was opened for the next call.
 */
export async function openHealthyApi(
  controlPlanes: Iterable<ReachedControlPlane>,
  vault: Vault,
  signal: AbortSignal,
  opened = new Map<string, Api>(),
): Promise<Api | undefined> {
  for (const reached of controlPlanes) {
    const { name } = reached.host;
    const api = opened.get(name) ?? openApi(await administratorAccess(reached, vault, signal));
    opened.set(name, api);
    if (await api.probe("/readyz", signal)) return api;
  }
  return undefined;
}
