import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { HostKinds } from "../../src/engine/compose.ts";
import type { Check, Fragment, HostKind, Step } from "../../src/engine/contracts.ts";
import { createEmit } from "../../src/engine/events.ts";
import { runWay } from "../../src/engine/run.ts";
import { KbootError } from "../../src/errors.ts";
import type { Host } from "../../src/host/host.ts";
import { type Cluster, type ClusterHost, usualCertificatesDir } from "../../src/inventory/cluster.ts";
import type { Live } from "../../src/kubernetes/live.ts";
import { openTestHost } from "./fake-host.ts";
import { noArtifacts, temporaryFolder } from "./kind.ts";
import { noClusterKind } from "./no-cluster-kind.ts";
import { clusterHost } from "./sshd.ts";

/** What goes wrong in a run of one host: opening it, a check, or the change of its one step. */
export interface Scene {
  readonly host: ClusterHost;
  readonly open?: (host: ClusterHost) => Promise<Host>;
  readonly checks?: readonly Check<Live>[];
  /** sh as a step's script runs it, and what it is sent. */
  readonly change?: () => Promise<Fragment>;
  /** How often what fails was tried so far. */
  readonly attempts?: () => number;
}

/** How many lines a file has, to which each attempt adds one. */
export function linesOf(file: string): () => number {
  return () => readFileSync(file, "utf8").split("\n").length - 1;
}

/** A host of which one step's script fails, in a shell of this machine. */
export async function scriptScene(body: string): Promise<Scene> {
  const counted = join(await temporaryFolder(), "attempts");
  const change = async () => ({ script: `echo x >> ${counted}\nexport LC_ALL=C\n${body}` });
  return { host: clusterHost({}), change, attempts: linesOf(counted) };
}

interface Trial {
  readonly kind: "trial";
  readonly change: () => Promise<Fragment>;
}

const trialKind: HostKind<Trial, undefined> = {
  kind: "trial",
  id: () => "trial:it",
  observe: () => ":",
  parse: () => undefined,
  compare: () => [{ what: "trial", to: "done" }],
  change: async ([item]) => item?.resource.change() ?? { script: ":" },
};

const kinds: HostKinds = new Map([["trial", trialKind as unknown as HostKind]]);

/** The step of a scene that has a change. */
export const trialStep = "install";

/** Runs the real engine over a scene that must fail, with the host's state in a folder of its own, and returns what is told. */
export async function runFault({ host, open, checks = [], change }: Scene): Promise<KbootError> {
  process.env["KBOOT_STATE_DIR"] = join(await temporaryFolder(), "state");
  const resources = change === undefined ? [] : [{ kind: "trial", change } satisfies Trial];
  const way: readonly Step<Live>[] = [{ id: trialStep, title: "Install it", on: () => [host.name], after: [], resources: () => resources }];
  const run = runWay<Live>({
    run: { id: "fault", mode: "change", owner: "test" },
    cluster: { name: "test", certificatesDir: usualCertificatesDir, ignoreChecks: [], hosts: [host] } as unknown as Cluster,
    way,
    checks,
    kinds,
    clusterKind: noClusterKind,
    sources: { probes: [], resolve: async () => noArtifacts },
    open: open ?? (({ name }) => openTestHost({ name })),
    chooseNodeAddresses: () => new Map(),
    readLive: async () => undefined,
    select: () => true,
    decisive: [],
    apply: true,
    emit: createEmit([]),
    signal: new AbortController().signal,
  });
  const error = await run.then(
    ({ errors }) => errors.get(host.name),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof KbootError)) throw new Error(`no error that a user can act on: ${error}`, { cause: error });
  return error;
}
