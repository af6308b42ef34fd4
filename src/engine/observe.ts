import { randomBytes } from "node:crypto";
import { scriptFailed } from "../errors/script-failed.ts";
import type { Host } from "../host/host.ts";
import { composeObservation, cutObservation, type HostKinds, kindOf } from "./compose.ts";
import type { AnyResource } from "./contracts.ts";
import type { Vault } from "./vault.ts";

/** Looks at all these resources in one round trip, and takes the secrets among them into the vault. None: no trip. */
export async function observeHost(
  host: Host,
  resources: readonly AnyResource[],
  kinds: HostKinds,
  vault: Vault,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, unknown>> {
  const observed = new Map<string, unknown>();
  if (resources.length === 0) return observed;
  const nonce = randomBytes(16).toString("hex");
  const script = composeObservation(resources, kinds, nonce);
  const result = await host.run(script, { signal });
  if (result.exitCode !== 0) {
    const failed = { label: script.label, exitCode: result.exitCode, stderr: result.stderr };
    throw scriptFailed("cannot observe the host", failed, { where: { host: host.name, address: host.address } });
  }
  const outputs = cutObservation(result.stdout, resources.length, nonce);
  for (const [index, resource] of resources.entries()) {
    const kind = kindOf(kinds, resource);
    const output = outputs[index];
    if (output === undefined) continue;
    const seen = kind.parse(resource, output);
    kind.learn?.(resource, seen, vault);
    observed.set(kind.id(resource), seen);
  }
  return observed;
}
