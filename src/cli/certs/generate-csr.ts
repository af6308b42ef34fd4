import { join } from "node:path";
import { KbootError } from "../../errors.ts";
import { initWithDefaults } from "../../kubernetes/kubeadm-documents/defaults.ts";
import { requestCertificate } from "../../pki/issue.ts";
import { buildKeyKubeconfig } from "../../pki/kubeconfig.ts";
import { controlPlaneCertificates, splitNames } from "../../pki/table.ts";
import type { Secret } from "../../secret.ts";
import { readKubeadmDocuments } from "../config/documents.ts";
import { localValues } from "../local-values.ts";
import { replaceFile } from "../replace-file.ts";
import { controlPlaneServer, hostOf, localServer } from "../servers.ts";
import { isFile } from "./files.ts";

interface Options {
  readonly certDir?: string;
  readonly config?: string;
  readonly kubeconfigDir: string;
}

type Wish = Parameters<typeof requestCertificate>[0];

/** Something for which a key is made and a certificate asked for. */
interface Wanted {
  /** As it is told, and where it lies in its folder. */
  readonly name: string;
  readonly wish: Wish;
  /** Of the file that holds the key. */
  readonly keyFile: string;
  readonly content: (key: Secret) => Secret;
}

/**
 * `kboot certs generate-csr`: keys and requests for every certificate of a control plane, for an authority whose key is elsewhere. What
 * is there already is never overwritten: then nothing is written.
 */
export async function generateCsr(given: Record<string, unknown>): Promise<void> {
  const { certDir, config, kubeconfigDir } = given as unknown as Options;
  const documents = config === undefined ? undefined : await readKubeadmDocuments(config);
  const filled = initWithDefaults(documents?.InitConfiguration, documents?.ClusterConfiguration, localValues());
  const { ClusterConfiguration: cluster } = filled;
  const folders = [
    { folder: certDir ?? cluster.certificatesDir, wanted: pairsOf(filled) },
    { folder: kubeconfigDir, wanted: kubeconfigsOf(filled) },
  ];
  for (const { folder, wanted } of folders) {
    for (const path of wanted.flatMap(({ name, keyFile }) => [join(folder, keyFile), join(folder, `${name}.csr`)])) {
      if (await isFile(path))
        throw new KbootError("usage", `${path} is there already`, { hint: "name other folders, or remove it by hand" });
    }
  }
  for (const { folder, wanted } of folders) {
    process.stdout.write(`generating keys and CSRs in ${folder}\n`);
    for (const { name, wish, keyFile, content } of wanted) {
      const { requestPem, key } = await requestCertificate(wish, cluster.encryptionAlgorithm);
      await replaceFile(join(folder, keyFile), content(key).reveal());
      await replaceFile(join(folder, `${name}.csr`), requestPem);
      process.stdout.write(`  ${name}\n`);
    }
  }
}

type Filled = ReturnType<typeof initWithDefaults>;

function pairsOf({ InitConfiguration: init, ClusterConfiguration: cluster }: Filled): readonly Wanted[] {
  const { serviceSubnet, dnsDomain } = cluster.networking;
  const { advertiseAddress } = init.localAPIEndpoint;
  const entries = controlPlaneCertificates({
    cluster: {
      certificatesDir: cluster.certificatesDir,
      endpoint: { host: hostOf(controlPlaneServer(cluster, init.localAPIEndpoint)), port: init.localAPIEndpoint.bindPort, managed: false },
      certSANs: cluster.apiServer.certSANs ?? [],
      serviceSubnet: serviceSubnet.split(",")[0] ?? serviceSubnet,
      dnsDomain,
    },
    spec: { transport: "local", address: advertiseAddress },
    nodeName: init.nodeRegistration.name,
    nodeAddress: advertiseAddress,
  });
  const { serverCertSANs = [], peerCertSANs = [] } = "local" in cluster.etcd ? cluster.etcd.local : {};
  const more: Readonly<Record<string, readonly string[]>> = { "etcd-server": serverCertSANs, "etcd-peer": peerCertSANs };
  return entries.map(({ name: entryName, keyPath, commonName, dnsNames, ipAddresses }) => {
    const name = keyPath.slice(cluster.certificatesDir.length + 1).replace(/\.key$/, "");
    const wish = { commonName, ...splitNames([...dnsNames, ...ipAddresses, ...(more[entryName] ?? [])]) };
    return { name, wish, keyFile: `${name}.key`, content: (key) => key };
  });
}

function kubeconfigsOf({ InitConfiguration: init, ClusterConfiguration: cluster }: Filled): readonly Wanted[] {
  const local = localServer(init.localAPIEndpoint);
  const endpoint = controlPlaneServer(cluster, init.localAPIEndpoint);
  const of = (name: string, server: string, user: string, organizations: readonly string[] = []): Wanted => ({
    name,
    wish: { commonName: user, organizations, dnsNames: [], ipAddresses: [] },
    keyFile: name,
    content: (key) => buildKeyKubeconfig({ server, clusterName: cluster.clusterName, user, key }),
  });
  return [
    of("admin.conf", endpoint, "kubernetes-admin", ["kubeadm:cluster-admins"]),
    of("super-admin.conf", endpoint, "kubernetes-super-admin", ["system:masters"]),
    of("kubelet.conf", endpoint, `system:node:${init.nodeRegistration.name}`, ["system:nodes"]),
    of("controller-manager.conf", local, "system:kube-controller-manager"),
    of("scheduler.conf", local, "system:kube-scheduler"),
  ];
}
