import type { Vault } from "../engine/vault.ts";
import type { Facts } from "../host/facts.ts";
import type { Host } from "../host/host.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { issueCertificate } from "../pki/issue.ts";
import type { ApiAccess } from "./api-request.ts";
import { apiServerPort } from "./paths.ts";

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

/**
 * The way to the API server on a host, as an administrator whose certificate is issued now, for a day, and kept in memory.
 * The vault must hold the CA.
 */
export async function administratorAccess(host: Host, vault: Vault, signal: AbortSignal): Promise<ApiAccess> {
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
    connect: () => host.connect(apiServerPort, signal),
    caCert: ca.certificate,
    credential,
  };
}
