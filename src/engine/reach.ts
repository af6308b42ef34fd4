import pMap from "p-map";
import { KbootError } from "../errors.ts";
import type { Facts } from "../host/facts.ts";
import type { Host } from "../host/host.ts";
import { type ProbeOptions, readFacts } from "../host/probe.ts";
import { type ClusterHost, packagesOf } from "../inventory/cluster.ts";
import type { Emit } from "./events.ts";
import { tellScripts } from "./tell-scripts.ts";

export interface Reached {
  readonly hosts: ReadonlyMap<string, Host>;
  readonly facts: ReadonlyMap<string, Facts>;
  readonly unreachable: ReadonlyMap<string, Error>;
}

/** What stands for a step in errors of hosts that are not reached. */
const reachStep = "connect";

/** Logins that run at a time. Each costs this machine's one thread some milliseconds, and has `connectTimeoutSeconds` for all of it. */
const loginsAtOnce = 64;

/**
 * Connects to all hosts, a bounded number at once, and reads their facts, and which URLs each of them reaches: one round trip each. A host that cannot be
 * reached is kept with its reason; one that is held by another run ends the whole attempt.
 */
export async function reachHosts(
  wanted: readonly ClusterHost[],
  ask: Pick<ProbeOptions, "urls" | "certificatesDir">,
  open: (host: ClusterHost) => Promise<Host>,
  emit: Emit,
  signal: AbortSignal,
): Promise<Reached> {
  const hosts = new Map<string, Host>();
  const facts = new Map<string, Facts>();
  const unreachable = new Map<string, Error>();

  const setAside = async ({ name, address }: ClusterHost, cause: unknown) => {
    await hosts.get(name)?.close();
    hosts.delete(name);
    const error = cause instanceof KbootError ? cause.at({ host: name, address, step: reachStep }) : (cause as Error);
    unreachable.set(name, error);
    emit({ type: "host-set-aside", host: name, error });
  };

  const look = async (clusterHost: ClusterHost, host: Host, began: number) => {
    const { name } = clusterHost;
    const ownKubelet = clusterHost.kubernetes.from === "host";
    facts.set(name, await readFacts(host, { ...ask, packages: packagesOf(clusterHost), ownKubelet }, signal));
    emit({ type: "host-reached", host: name, seconds: (Date.now() - began) / 1000 });
  };

  const reading: Promise<void>[] = [];
  const reach = async (clusterHost: ClusterHost) => {
    const began = Date.now();
    try {
      const host = tellScripts(await open(clusterHost), emit);
      hosts.set(clusterHost.name, host);
      // the next login need not wait for it
      reading.push(look(clusterHost, host, began).catch((cause) => setAside(clusterHost, cause)));
    } catch (cause) {
      await setAside(clusterHost, cause);
    }
  };
  await pMap(wanted, reach, { concurrency: loginsAtOnce });
  await Promise.all(reading);
  const refused = [...unreachable.values()].find(
    (error) => !(error instanceof KbootError) || error.code === "host-locked" || error.code === "cancelled",
  );
  if (refused !== undefined) {
    await Promise.all([...hosts.values()].map((host) => host.close()));
    throw refused;
  }
  return { hosts, facts, unreachable };
}
