import type { Vault } from "../engine/vault.ts";
import type { Facts } from "../host/facts.ts";
import type { Host } from "../host/host.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { issueCertificate, type KeyAndCertificate } from "../pki/issue.ts";
import { isInTime } from "../pki/judge.ts";
import { readKubeconfig } from "../pki/kubeconfig.ts";
import { isKeyOf, isSignedBy } from "../pki/read.ts";
import type { Secret } from "../secret.ts";
import type { ApiAccess } from "./api-request.ts";
import { externalCa } from "./external-ca.ts";
import { settledByManifests } from "./settled.ts";

/** In the vault: the credential of an administrator, where the CA is external. */
const administratorName = "administrator";

/**
 * Takes what makes an administrator into the vault: the cluster's CA with its key, from the first control plane that holds both, or, where the
 * CA is external, its certificate and the first credential among the administrators' kubeconfigs that is of it and valid now. Returns the CA's
 * certificate; undefined while there is no such thing.
 */
export function learnCa(cluster: Cluster, facts: ReadonlyMap<string, Facts>, vault: Vault): string | undefined {
  const controlPlanes = cluster.hosts
    .filter((host) => host.role === "control-plane")
    .flatMap(({ name }) => facts.get(name)?.kubernetes ?? []);
  for (const { caCert, caKey } of controlPlanes) {
    if (caCert === undefined || caKey === undefined || vault.has("ca")) continue;
    // one that does not fit is told with the shared secrets
    if (isKeyOf(caCert, caKey)) vault.put("ca", { certificate: caCert, key: caKey });
  }
  const external = externalCa(cluster, facts);
  if (external === undefined) return vault.get("ca")?.certificate;
  const kubeconfigs = controlPlanes.flatMap(({ administrators }) => administrators);
  const credential = kubeconfigs.flatMap((kubeconfig) => readCredential(kubeconfig, external) ?? [])[0];
  if (credential === undefined) return undefined;
  vault.put("ca", { certificate: external });
  vault.put(administratorName, { certificate: credential.certificatePem, key: credential.key });
  return external;
}

function readCredential(kubeconfig: Secret, caCert: string): KeyAndCertificate | undefined {
  const { certificatePem, key } = readKubeconfig(kubeconfig) ?? {};
  if (certificatePem === undefined || key === undefined || !isKeyOf(certificatePem, key)) return undefined;
  return isSignedBy(certificatePem, caCert) && isInTime(certificatePem, new Date()) ? { certificatePem, key } : undefined;
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
 * The way to the API server on a host, as an administrator: with a certificate that is issued now, for a day, and kept in memory, or, where the
 * CA is external, with the one that was given. The vault must hold what `learnCa` takes there.
 */
export async function administratorAccess({ host, ports }: ReachedControlPlane, vault: Vault, signal: AbortSignal): Promise<ApiAccess> {
  const { certificate: caCert, key } = vault.need("ca");
  if (caCert === undefined) throw new Error("the vault holds no certificate of the CA");
  return {
    connect: () => connectToFirst(host, ports, signal),
    caCert,
    credential: key === undefined ? givenCredential(vault) : await issueCredential({ certificatePem: caCert, key }),
  };
}

function givenCredential(vault: Vault): KeyAndCertificate {
  const { certificate: certificatePem, key } = vault.need(administratorName);
  if (certificatePem === undefined || key === undefined) throw new Error("the vault holds half a credential");
  return { certificatePem, key };
}

function issueCredential(ca: KeyAndCertificate): Promise<KeyAndCertificate> {
  return issueCertificate(
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
    ca,
  );
}

/** Throws what the last one says. */
async function connectToFirst(host: Host, [port = 0, ...others]: readonly number[], signal: AbortSignal): ReturnType<Host["connect"]> {
  const connected = host.connect(port, signal);
  return others.length === 0 ? connected : connected.catch(() => connectToFirst(host, others, signal));
}
