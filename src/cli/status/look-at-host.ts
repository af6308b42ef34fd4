import type { Facts } from "../../host/facts.ts";
import type { Host, RunIdentity } from "../../host/host.ts";
import { openHost } from "../../host/open-host.ts";
import { readFacts } from "../../host/probe.ts";
import type { Cluster, ClusterHost } from "../../inventory/cluster.ts";
import { readFrom } from "../reach-cluster.ts";
import { certificatesScript, readCertificates } from "./certificates.ts";
import { type Answer, answerBy } from "./deadline.ts";
import type { CertificateStatus } from "./document.ts";

/** A host that was reached, and what it says of itself. */
export interface HostLook {
  readonly host: Host;
  readonly facts: Facts;
  /** Waited for by who needs it. */
  readonly certificates: Promise<Answer<readonly CertificateStatus[]>>;
}

/** When to give up: on a host, and on what is asked of one that was reached. Milliseconds since the epoch. */
export interface Deadlines {
  readonly reach: number;
  readonly answer: number;
}

/** Reaches a host, reads its facts, and asks for its certificates. Who called closes the host. */
export async function lookAtHost(
  clusterHost: ClusterHost,
  { certificatesDir }: Pick<Cluster, "certificatesDir">,
  run: RunIdentity,
  deadlines: Deadlines,
  signal: AbortSignal,
): Promise<Answer<HostLook>> {
  const opened = await answerBy(deadlines.reach, signal, (own) => openHost(clusterHost, run, { signal: own }));
  if (opened.unknown !== undefined) return opened;
  const host = opened.value;
  const facts = answerBy(deadlines.answer, signal, (own) => readFacts(host, { certificatesDir }, own));
  const certificates = answerBy(deadlines.answer, signal, async (own) =>
    readCertificates(host.name, await readFrom(host, "read certificates", certificatesScript(certificatesDir), own), new Date()),
  );
  const known = await facts;
  return known.unknown === undefined ? { value: { host, facts: known.value, certificates } } : known;
}
