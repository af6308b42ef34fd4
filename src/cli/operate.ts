import { hostname, userInfo } from "node:os";
import { openArtifacts } from "../artifacts/index.ts";
import { checks } from "../checks/index.ts";
import { clusterPlace } from "../engine/contracts.ts";
import type { Emit } from "../engine/events.ts";
import { type RunResult, runWay } from "../engine/run.ts";
import { KbootError } from "../errors.ts";
import type { RunIdentity } from "../host/host.ts";
import { openHost } from "../host/open-host.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { chooseNodeAddresses } from "../inventory/node-address.ts";
import { createReadLive } from "../kubernetes/live.ts";
import { hostKinds, objectClusterKind } from "../resources/index.ts";
import { bootstrapWay } from "../steps/index.ts";

/** Which part of the way, and which hosts, a run is about. Undefined: all. */
export interface Selection {
  readonly only: readonly string[] | undefined;
  readonly skip: readonly string[] | undefined;
  readonly limit: readonly string[] | undefined;
}

/** Who this run is, for the locks of the hosts. */
export function identify(command: string, mode: RunIdentity["mode"]): RunIdentity {
  const id = `${new Date().toISOString().replaceAll(/[-:]|\.\d+Z$/g, "")}-${process.pid}`;
  return { id, mode, owner: `${userInfo().username}@${hostname()}, kboot ${command}, pid ${process.pid}` };
}

/** Runs the way to a cluster, or plans it. */
export async function operate(
  cluster: Cluster,
  run: RunIdentity,
  selection: Selection,
  emit: Emit,
  signal: AbortSignal,
): Promise<RunResult> {
  const select = selector(cluster, selection);
  return runWay({
    run,
    cluster,
    way: bootstrapWay,
    checks,
    kinds: hostKinds,
    clusterKind: objectClusterKind,
    artifacts: await openArtifacts(cluster.sources),
    open: (host) => openHost(host, run, { signal, onWaiting: (text) => emit({ type: "waiting", host: host.name, text }) }),
    chooseNodeAddresses,
    readLive: createReadLive(),
    select,
    apply: run.mode === "change",
    emit,
    signal,
  });
}

function selector(cluster: Cluster, { only, skip, limit }: Selection): (host: string, step: string) => boolean {
  const steps = bootstrapWay.map((step) => step.id);
  const hosts = [...cluster.hosts.map((host) => host.name), clusterPlace];
  for (const step of [...(only ?? []), ...(skip ?? [])]) refuseUnknown("step", step, steps);
  for (const host of limit ?? []) refuseUnknown("host", host, hosts);
  return (host, step) => (only?.includes(step) ?? true) && !(skip?.includes(step) ?? false) && (limit?.includes(host) ?? true);
}

function refuseUnknown(what: string, name: string, known: readonly string[]): void {
  if (!known.includes(name)) throw new KbootError("usage", `there is no ${what} ${name}`, { hint: `one of ${known.join(", ")}` });
}
