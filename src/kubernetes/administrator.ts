import type { Vault } from "../engine/vault.ts";
import type { Facts } from "../host/facts.ts";
import type { Host } from "../host/host.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { issueCertificate } from "../pki/issue.ts";
import type { ApiAccess } from "./api-request.ts";
import { settledByManifests } from "./settled.ts";

/** Takes the cluster's CA with its key into the vault, from the first control plane that holds both; returns the certificate, if there is one. */
export function learnCa(cluster: Cluster, facts: ReadonlyMap<string, Facts>, vault: Vault): string | undefined {
  for (const { name } of cluster.hosts.filter((host) => host.role === "control-plane")) {
    const known = facts.get(name)?.kubernetes;
    if (known?.caCert !== undefined && known.caKey !== undefined && !vault.has("ca")) {
      vault.put("ca", { certificate: known.caCert, key: known.caKey });
    }
  }
  return vault.get("ca")?.certificate;
}

/** A control plane that was reached. */
export interface ReachedControlPlane {
  readonly host: Host;
  /** Where its API server may listen: as the cluster has it, and as its manifest says, which others may have written. Likeliest first. */
  readonly ports: readonly number[];
}

export function reachedControlPlane(host: Host, { bindPort }: Pick<Cluster, "bindPort">, facts: Facts | undefined): ReachedControlPlane {
  const written = Number(settledByManifests(facts?.kubernetes.manifests ?? {}).bindPort ?? bindPort);
  return { host, ports: [...new Set([bindPort, written])] };
}

/**
 * The way to the API server on a host, as an administrator whose certificate is issued now, for a day, and kept in memory.
 * The vault must hold the CA.
 */
export async function administratorAccess({ host, ports }: ReachedControlPlane, vault: Vault, signal: AbortSignal): Promise<ApiAccess> {
  const ca = vault.need("ca");
  if (ca.certificate === undefined || ca.key === undefined) throw new Error("the vault holds the CA without its key");
  const credential = await issueCertificate(
    {
      commonName: "kubernetes-super-admin",
      organizations: ["system:masters"],
      usages: ["clientAuth"],
      dnsNames: [],
      ipAddresses: [],
      validityDays: 1,
      now: new Date(),
      algorithm: "ECDSA-P256",
    },
    { certificatePem: ca.certificate, key: ca.key },
  );
  return {
    connect: () => connectToFirst(host, ports, signal),
    caCert: ca.certificate,
    credential,
  };
}

/** Throws what the last one says. */
async function connectToFirst(host: Host, [port = 0, ...others]: readonly number[], signal: AbortSignal): ReturnType<Host["connect"]> {
  const connected = host.connect(port, signal);
  return others.length === 0 ? connected : connected.catch(() => connectToFirst(host, others, signal));
}
