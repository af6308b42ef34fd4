import { scriptFailed } from "../errors/script-failed.ts";
import { KbootError } from "../errors.ts";
import type { Facts } from "../host/facts.ts";
import type { Host } from "../host/host.ts";
import { parseFacts, probeScript } from "../host/probe.ts";
import { type ClusterHost, packagesOf } from "../inventory/cluster.ts";
import type { Emit } from "./events.ts";
import { tellScripts } from "./tell-scripts.ts";

export interface Reached {
  readonly hosts: ReadonlyMap<string, Host>;
  readonly facts: ReadonlyMap<string, Facts>;
  readonly unreachable: ReadonlyMap<string, Error>;
}

/**
 * Connects to all hosts at once and reads their facts, and which of `urls` each of them reaches: one round trip each. A host that cannot be reached is kept with its reason;
 * one that is held by another run ends the whole attempt.
 */
export async function reachHosts(
  wanted: readonly ClusterHost[],
  urls: readonly string[],
  open: (host: ClusterHost) => Promise<Host>,
  emit: Emit,
  signal: AbortSignal,
): Promise<Reached> {
  const hosts = new Map<string, Host>();
  const facts = new Map<string, Facts>();
  const unreachable = new Map<string, Error>();
  await Promise.all(
    wanted.map(async (clusterHost) => {
      const { name, address } = clusterHost;
      const began = Date.now();
      try {
        const host = tellScripts(await open(clusterHost), emit);
        hosts.set(name, host);
        const result = await host.run(probeScript({ packages: packagesOf(clusterHost), urls }), { signal });
        if (result.exitCode !== 0) {
          throw scriptFailed("cannot read facts", { label: "probe", exitCode: result.exitCode, stderr: result.stderr });
        }
        facts.set(name, parseFacts(result.stdout, new Date()));
        emit({ type: "host-reached", host: name, seconds: (Date.now() - began) / 1000 });
      } catch (cause) {
        await hosts.get(name)?.close();
        hosts.delete(name);
        const error = cause instanceof KbootError ? cause.at({ host: name, address }) : (cause as Error);
        unreachable.set(name, error);
        emit({ type: "host-set-aside", host: name, error });
      }
    }),
  );
  const refused = [...unreachable.values()].find(
    (error) => !(error instanceof KbootError) || error.code === "host-locked" || error.code === "cancelled",
  );
  if (refused !== undefined) {
    await Promise.all([...hosts.values()].map((host) => host.close()));
    throw refused;
  }
  return { hosts, facts, unreachable };
}
