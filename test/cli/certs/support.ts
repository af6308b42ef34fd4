import { chmod, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { issueCa, issueCertificate, type KeyAndCertificate } from "../../../src/pki/issue.ts";
import { buildKubeconfig } from "../../../src/pki/kubeconfig.ts";
import { controlPlaneCertificates } from "../../../src/pki/table.ts";

export const node = {
  cluster: {
    certificatesDir: "/etc/kubernetes/pki",
    endpoint: { host: "api.example.com", port: 6443, managed: false },
    certSANs: ["10.0.0.9", "extra.example.com"],
    serviceSubnet: "10.96.0.0/12",
    dnsDomain: "cluster.local",
  },
  spec: { transport: "local", address: "10.0.0.1" },
  nodeName: "cp1",
  nodeAddress: "10.0.0.1",
} as const;

const bases = { ca: "ca", "etcd-ca": "etcd/ca", "front-proxy-ca": "front-proxy-ca" } as const;
const commonNames = { ca: "kubernetes", "etcd-ca": "etcd-ca", "front-proxy-ca": "front-proxy-ca" } as const;

const kubeconfigs = {
  "admin.conf": ["kubernetes-admin", "kubeadm:cluster-admins"],
  "super-admin.conf": ["kubernetes-super-admin", "system:masters"],
  "controller-manager.conf": ["system:kube-controller-manager"],
  "scheduler.conf": ["system:kube-scheduler"],
} as const;

/** A control plane's files in a new folder: `pki` and, when they are asked for, the kubeconfigs. */
export async function makeControlPlane({ withKubeconfigs = false } = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kboot-certs-"));
  const write = async (path: string, content: string, mode: number) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
    await chmod(join(folder, path), mode);
  };
  const writePair = async (base: string, { certificatePem, key }: KeyAndCertificate) => {
    await write(`pki/${base}.crt`, certificatePem, 0o644);
    await write(`pki/${base}.key`, key.reveal(), 0o600);
  };
  const times = { now: new Date(), algorithm: "ECDSA-P256" } as const;
  const authorities = new Map<string, KeyAndCertificate>();
  for (const name of ["ca", "etcd-ca", "front-proxy-ca"] as const) {
    const ca = await issueCa({ ...times, commonName: commonNames[name], validityDays: 3650 });
    authorities.set(name, ca);
    await writePair(bases[name], ca);
  }
  const authority = (name: string) => {
    const found = authorities.get(name);
    if (found === undefined) throw new Error(`no authority ${name}`);
    return found;
  };
  for (const entry of controlPlaneCertificates(node)) {
    const issued = await issueCertificate({ ...entry, ...times, validityDays: 10 }, authority(entry.signer));
    await writePair(entry.certificatePath.slice(node.cluster.certificatesDir.length + 1, -".crt".length), issued);
  }
  for (const [name, [user, ...organizations]] of withKubeconfigs ? Object.entries(kubeconfigs) : []) {
    const wish = { commonName: user, organizations, usages: ["clientAuth"], dnsNames: [], ipAddresses: [] } as const;
    const issued = await issueCertificate({ ...wish, ...times, validityDays: 10 }, authority("ca"));
    const text = buildKubeconfig({ server: "https://10.0.0.1:6443", caCert: authority("ca").certificatePem, user, ...issued });
    await write(name, text.reveal(), 0o600);
  }
  return folder;
}

/** All that OpenSSL shows of a certificate, but for what is random or the time. */
export async function showCertificate(pem: string): Promise<string> {
  const options = "no_serial,no_validity,no_pubkey,no_sigdump";
  return (await execa("openssl", ["x509", "-noout", "-text", "-certopt", options], { input: pem })).stdout;
}

/** Paths of the certificates of a control plane below the folder of certificates, without their endings. */
export const certificateBases = [
  "apiserver",
  "apiserver-etcd-client",
  "apiserver-kubelet-client",
  "etcd/healthcheck-client",
  "etcd/peer",
  "etcd/server",
  "front-proxy-client",
];
