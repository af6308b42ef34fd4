import { existsSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { resetChecks } from "../checks/reset.ts";
import type { Artifacts } from "../engine/contracts.ts";
import type { Emit } from "../engine/events.ts";
import { type RunResult, runWay } from "../engine/run.ts";
import { KbootError } from "../errors.ts";
import type { RunIdentity } from "../host/host.ts";
import { openHost } from "../host/open-host.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { createReadLive } from "../kubernetes/live.ts";
import { assertContainerd } from "../machine/cri-socket.ts";
import { withoutLastSlash } from "../machine/init-document.ts";
import { assertRoot, machineLogs, readOwnFacts } from "../machine/machine.ts";
import { clusterOfRecord } from "../machine/reset-cluster.ts";
import { nodeOfCertificate } from "../pki/read.ts";
import { hostKinds, objectClusterKind } from "../resources/index.ts";
import { type ResetOptions, resetWay } from "../steps/reset/index.ts";
import { turnsOf } from "../steps/turns.ts";
import { controlPlanes, everyHost } from "../steps/where.ts";
import { frameRun, logsBeside } from "./frame.ts";
import { openInventory, usualInventory } from "./inventory-file.ts";
import { identify, refuseUnknown } from "./operate.ts";

interface Options extends ResetOptions {
  readonly file?: string;
  readonly limit?: readonly string[];
  readonly certDir?: string;
  readonly criSocket?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly output: "text" | "json";
}

/** `kboot reset` */
export async function reset(given: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  const options = given as unknown as Options;
  assertContainerd("--cri-socket", options.criSocket);
  const isHere = options.file === undefined && !existsSync(usualInventory);
  const { cluster, next } = isHere ? await openMachine(signal) : { ...(await openInventory(options.file)), next: undefined };
  refuseOtherCertDir(cluster, options.certDir);
  const hosts = chooseHosts(cluster, options.limit);
  const identity = identify("reset", options.dryRun ? "read" : "change");
  if (!options.dryRun && !options.yes) await confirm(cluster, hosts, signal);
  const logs = isHere ? machineLogs : logsBeside(cluster);
  await frameRun({ logs, output: options.output, identity, next }, signal, (emit) =>
    operate(cluster, hosts, identity, options, emit, signal),
  );
}

/** kboot removes what it made, where it made it. */
function refuseOtherCertDir({ certificatesDir }: Cluster, asked: string | undefined): void {
  if (asked === undefined || withoutLastSlash(asked) === certificatesDir) return;
  throw new KbootError("usage", `--cert-dir: certificates of this cluster are in ${certificatesDir}, not in ${asked}`, {
    hint: "leave it out: a reset goes by what kboot made",
  });
}

/** This machine by itself, as its own record tells of it. It has no right to delete its node. */
async function openMachine(signal: AbortSignal): Promise<{ readonly cluster: Cluster; readonly next: string | undefined }> {
  assertRoot("reset");
  const facts = await readOwnFacts(identify("reset", "read"), signal);
  const cluster = clusterOfRecord(facts);
  const { kubeletCertificate, manifests } = facts.kubernetes;
  const node = kubeletCertificate === undefined || Object.keys(manifests).length > 0 ? undefined : nodeOfCertificate(kubeletCertificate);
  return { cluster, next: node === undefined ? undefined : `on a control plane: kubectl delete node ${node}` };
}

/** Throws KbootError `usage` for hosts that there are not, and for those without which the rest would be no cluster. */
export function chooseHosts(cluster: Cluster, limit: readonly string[] | undefined): readonly string[] {
  const all = everyHost(cluster);
  if (limit === undefined) return all;
  refuseUnknown("host", limit, all);
  const hosts = all.filter((host) => limit.includes(host));
  if (hosts.length < all.length && controlPlanes(cluster).every((host) => hosts.includes(host))) {
    throw new KbootError("usage", `without ${controlPlanes(cluster).join(", ")} the other hosts are no cluster`, {
      hint: "leave out --limit to reset the whole cluster, or limit it to workers",
    });
  }
  return hosts;
}

/** Asks on the terminal. Throws KbootError `usage` where nobody can be asked, and when the answer is another name. */
async function confirm({ name }: Cluster, hosts: readonly string[], signal: AbortSignal): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new KbootError("usage", "there is no terminal to ask whether this is meant", {
      hint: "see what goes with --dry-run, then give --yes",
    });
  }
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    process.stderr.write(`This ends the node and removes all that kboot made, data included, on ${hosts.join(", ")}.\n`);
    const answer = await asking.question(`Type the name of the cluster (${name}) to go on: `, { signal });
    if (answer.trim() !== name) throw new KbootError("usage", "that is another name, nothing was changed");
  } finally {
    asking.close();
  }
}

/** Goes the way back. Where the whole cluster goes, no node needs to leave it. */
async function operate(
  cluster: Cluster,
  hosts: readonly string[],
  run: RunIdentity,
  options: ResetOptions,
  emit: Emit,
  signal: AbortSignal,
): Promise<RunResult> {
  const isWhole = hosts.length === cluster.hosts.length;
  const result = await runWay({
    run,
    cluster,
    way: resetWay(options),
    checks: resetChecks(hosts),
    kinds: hostKinds,
    clusterKind: objectClusterKind,
    sources: { probes: [], resolve: async () => noArtifacts },
    open: (host) => openHost(host, run, { signal, onWaiting: (text) => emit({ type: "waiting", host: host.name, text }) }),
    chooseNodeAddresses: () => new Map(),
    readLive: isWhole ? async () => undefined : createReadLive(),
    select: (host, step) => hosts.includes(host) && !(isWhole && leaveSteps.includes(step)),
    decisive: [],
    turns: turnsOf(cluster),
    apply: run.mode === "change",
    emit,
    signal,
  });
  for (const host of hosts.filter((name) => result.facts.has(name) && result.facts.get(name)?.state === undefined)) {
    emit({ type: "notice", message: `${host}: nothing of kboot's is here, so it was left as it is`, hint: foreignHint(result, host) });
  }
  return result;
}

const leaveSteps = ["drain", "delete-node"];

function foreignHint({ facts }: RunResult, host: string): string {
  const { kubeletCertificate, manifests = {} } = facts.get(host)?.kubernetes ?? {};
  const isNode = kubeletCertificate !== undefined || Object.keys(manifests).length > 0;
  return isNode
    ? "its kubelet is somebody else's: with kubeadm it is `kubeadm reset`"
    : "it is as it was before, or was never one of the cluster";
}

const noArtifacts: Artifacts = {
  file: (name) => {
    throw new Error(`a reset asks for the file ${name}`);
  },
  image: (name) => {
    throw new Error(`a reset asks for the image ${name}`);
  },
  imageArchive: async () => {
    throw new Error("a reset asks for images");
  },
};
