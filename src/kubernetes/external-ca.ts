import type { Facts } from "../host/facts.ts";
import type { Cluster } from "../inventory/cluster.ts";

/**
 * The certificate of the cluster's CA, PEM, where the CA is external: a control plane has the certificate, and none that was reached has its key
 * (kubeadm/app/phases/certs, UsingExternalCA, v1.36). Undefined for a CA of the cluster's own, and for one that is yet to be made.
 */
export function externalCa({ hosts }: Pick<Cluster, "hosts">, facts: ReadonlyMap<string, Pick<Facts, "kubernetes">>): string | undefined {
  const found = hosts.filter(({ role }) => role === "control-plane").flatMap(({ name }) => facts.get(name)?.kubernetes ?? []);
  return found.some(({ caCert, caKey }) => caCert !== undefined && caKey !== undefined)
    ? undefined
    : found.find(({ caCert }) => caCert !== undefined)?.caCert;
}
