import { Vault } from "../engine/vault.ts";
import { KbootError } from "../errors.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { createReadLive, type Live } from "../kubernetes/live.ts";
import { readCertificate, splitCertificates } from "../pki/read.ts";
import { pkiDir } from "../pki/table.ts";
import { formatTable } from "../ui/table.ts";
import { openInventory } from "./inventory-file.ts";
import { readFrom, withControlPlanes } from "./reach-cluster.ts";

const dayMs = 24 * 60 * 60 * 1000;

interface NodeStatus {
  readonly name: string;
  readonly joined: boolean;
  readonly ready: boolean;
  readonly role: string;
  readonly version: string;
  readonly address: string;
}

interface Status {
  /** The nodes of the cluster, then the hosts of the inventory that are none. */
  readonly nodes: readonly NodeStatus[];
  readonly workloads: readonly { name: string; ready: boolean }[];
  readonly certificates: readonly { host: string; certificate: string; expires: string; days: number }[];
}

/** `kboot status` */
export async function status(options: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  const { cluster } = await openInventory(options["file"]);
  const found = await withControlPlanes(cluster, "status", signal, async ({ hosts, facts }): Promise<Status> => {
    const [reading, certificates] = await Promise.all([
      createReadLive()({ cluster, facts, hosts, vault: new Vault(), signal }),
      Promise.all(
        [...hosts.values()].map(async (host) => readCertificates(host.name, await readFrom(host, "read certificates", script, signal))),
      ),
    ]);
    if (reading === undefined) {
      throw new KbootError("api", "the API of the cluster does not answer", {
        hint: "has `kboot apply` made the cluster? On a control plane: journalctl -u kubelet",
      });
    }
    return {
      nodes: listNodes(cluster, reading.live),
      workloads: [...reading.live.workloads].map(([name, ready]) => ({ name, ready })),
      certificates: certificates.flat(),
    };
  });
  process.stdout.write(options["output"] === "json" ? `${JSON.stringify(found, undefined, 2)}\n` : print(found));
}

/** kubeadm's mark of a control plane's node (kubeadm/app/constants, LabelNodeRoleControlPlane, v1.36). */
const controlPlaneLabel = "node-role.kubernetes.io/control-plane";

function listNodes(cluster: Cluster, { nodes }: Live): readonly NodeStatus[] {
  const joined = [...nodes.values()].map((node) => ({
    name: node.name,
    joined: true,
    ready: node.isReady,
    role: controlPlaneLabel in node.labels ? "control-plane" : "worker",
    version: node.kubeletVersion,
    address: node.internalAddress ?? "",
  }));
  const missing = cluster.hosts
    .filter(({ nodeName }) => !nodes.has(nodeName))
    .map(({ nodeName, role }) => ({ name: nodeName, joined: false, ready: false, role, version: "", address: "" }));
  return [...joined, ...missing];
}

/** Prints each certificate after a line with its name; kubeconfigs' certificates are decoded. */
const script = `cd ${pkiDir} || exit 1
for f in *.crt etcd/*.crt; do echo "== \${f%.crt}"; cat "$f"; done
for f in admin super-admin controller-manager scheduler; do
  [ -r ../$f.conf ] || continue
  echo "== $f.conf"
  sed -n 's/.*client-certificate-data: *//p' ../$f.conf | base64 -d
done
[ -r /var/lib/kubelet/pki/kubelet-client-current.pem ] || exit 0
echo "== kubelet.conf"
sed -n '/BEGIN CERT/,/END CERT/p' /var/lib/kubelet/pki/kubelet-client-current.pem`;

function readCertificates(host: string, text: string): Status["certificates"] {
  return text.split(/^== /m).flatMap((part) => {
    const [certificate = ""] = part.split("\n", 1);
    const [pem] = splitCertificates(part);
    if (pem === undefined) return [];
    const { notAfter } = readCertificate(pem);
    return { host, certificate, expires: notAfter.toISOString().slice(0, 10), days: Math.floor((notAfter.getTime() - Date.now()) / dayMs) };
  });
}

function print({ nodes, workloads, certificates }: Status): string {
  const yes = (is: boolean): string => (is ? "yes" : "NO");
  return [
    formatTable(
      ["NODE", "READY", "ROLE", "VERSION", "ADDRESS"],
      nodes.map((node) => [node.name, node.joined ? yes(node.ready) : "not joined", node.role, node.version, node.address]),
    ),
    formatTable(
      ["WORKLOAD", "READY"],
      workloads.map(({ name, ready }) => [name, yes(ready)]),
    ),
    formatTable(
      ["HOST", "CERTIFICATE", "EXPIRES", "DAYS"],
      certificates.map((entry) => [entry.host, entry.certificate, entry.expires, String(entry.days)]),
    ),
    "",
  ].join("\n");
}
