import { hostname, userInfo } from "node:os";
import { openSources, type Wanted } from "../artifacts/index.ts";
import { checks } from "../checks/index.ts";
import { clusterPlace } from "../engine/contracts.ts";
import type { Emit } from "../engine/events.ts";
import { type RunOptions, type RunResult, runWay } from "../engine/run.ts";
import { KbootError } from "../errors.ts";
import type { RunIdentity } from "../host/host.ts";
import { openHost } from "../host/open-host.ts";
import type { Cluster, Role } from "../inventory/cluster.ts";
import { chooseNodeAddresses } from "../inventory/node-address.ts";
import { filesFor } from "../kubernetes/files.ts";
import { createReadLive, type Live } from "../kubernetes/live.ts";
import { imagesFor } from "../network/cluster-images.ts";
import { hostKinds, objectClusterKind } from "../resources/index.ts";
import { bootstrapWay } from "../steps/index.ts";
import { foreseeInterruptions } from "../steps/interruptions.ts";
import { turnsOf } from "../steps/turns.ts";
import { controlPlanes } from "../steps/where.ts";
import { nearest } from "../suggest.ts";

/** Which part of the way, and which hosts, a run is about. Undefined: all. */
export interface Selection {
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  readonly limit?: readonly string[];
}

/** Whether a run is about a step on a host. */
export type Select = (host: string, step: string) => boolean;

/** Who this run is, for the locks of the hosts. */
export function identify(command: string, mode: RunIdentity["mode"]): RunIdentity {
  const id = `${new Date().toISOString().replaceAll(/[-:]|\.\d+Z$/g, "")}-${process.pid}`;
  return { id, mode, owner: `${userInfo().username}@${hostname()}, kboot ${command}, pid ${process.pid}` };
}

/** Throws KbootError `usage` for a step or host that there is not, naming those that there are. */
export function createSelect(cluster: Cluster, { only, skip, limit }: Selection): Select {
  const steps = bootstrapWay.map((step) => step.id);
  const hosts = [...cluster.hosts.map((host) => host.name), clusterPlace];
  refuseUnknown("step", [...(only ?? []), ...(skip ?? [])], steps);
  refuseUnknown("host", limit ?? [], hosts);
  return (host, step) => (only?.includes(step) ?? true) && !(skip?.includes(step) ?? false) && (limit?.includes(host) ?? true);
}

/** What a run may have other than usual. */
export type Unusual = Pick<RunOptions<Live>, "approve" | "judgedAt" | "alone"> &
  Partial<Pick<RunOptions<Live>, "way" | "checks" | "readLive">>;

/** Runs the way to a cluster; plans it alone when `run` only reads. */
export async function operate(
  cluster: Cluster,
  run: RunIdentity,
  select: Select,
  emit: Emit,
  signal: AbortSignal,
  more: Unusual = {},
): Promise<RunResult> {
  return runWay({
    run,
    cluster,
    way: bootstrapWay,
    checks,
    kinds: hostKinds,
    clusterKind: objectClusterKind,
    sources: await openSources(cluster.sources, wantedBy(cluster, more.alone ? "worker" : "control-plane"), signal, {
      onFetch: (url) => emit({ type: "fetching", url }),
    }),
    open: (host) => openHost(host, run, { signal, onWaiting: (text) => emit({ type: "waiting", host: host.name, text }) }),
    chooseNodeAddresses,
    readLive: createReadLive(),
    select,
    decisive: controlPlanes(cluster),
    turns: turnsOf(cluster),
    apply: run.mode === "change",
    foresee: foreseeInterruptions,
    ...more,
    emit,
    signal,
  });
}

/** Every file and image that the way to a cluster may ask for, on hosts of this role; a control plane needs what a worker does, and more. */
export function wantedBy(cluster: Cluster, role: Role): Wanted {
  return { files: filesFor(cluster), images: imagesFor(cluster, role) };
}

/** Throws KbootError `usage` for names that are not known, with those that are. */
export function refuseUnknown(what: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const meant = new Set(unknown.map((name) => nearest(name, known)).filter((name) => name !== undefined));
  throw new KbootError("usage", `there is no ${what} ${unknown.join(", ")}`, {
    hint: `${meant.size === 0 ? "" : `did you mean ${[...meant].join(", ")}? `}${what}s are ${known.join(", ")}`,
  });
}
