import { KbootError } from "../errors.ts";
import { apiServerPort } from "../kubernetes/paths.ts";
import { buildKubeconfig, readKubeconfig } from "../pki/kubeconfig.ts";
import { Secret } from "../secret.ts";
import { openInventory } from "./inventory-file.ts";
import { readFrom, withControlPlanes } from "./reach-cluster.ts";

/** `kboot kubeconfig`: the administrator's, with the address by which the operator reaches a control plane. */
export async function kubeconfig(options: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  const { cluster } = await openInventory(options["file"]);
  const text = await withControlPlanes(cluster, "kubeconfig", signal, async ({ hosts }) => {
    const [host] = hosts.values();
    if (host === undefined) throw new KbootError("unreachable", "no control plane was reached");
    const found = readKubeconfig(new Secret(await readFrom(host, "read admin.conf", "cat /etc/kubernetes/admin.conf", signal)));
    if (found?.caCert === undefined || found.certificatePem === undefined || found.key === undefined) {
      throw new KbootError("script", "/etc/kubernetes/admin.conf is not a kubeconfig with a certificate", { where: { host: host.name } });
    }
    const local = cluster.hosts.find(({ name }) => name === host.name)?.transport === "local";
    return buildKubeconfig({
      server: local ? (found.server ?? "") : `https://${host.address}:${apiServerPort}`,
      caCert: found.caCert,
      user: "kubernetes-admin",
      context: cluster.name,
      certificatePem: found.certificatePem,
      key: found.key,
    });
  });
  process.stdout.write(text.reveal());
}
