import { isIP } from "node:net";
import type { Cluster, ClusterHost } from "../inventory/cluster.ts";
import { addressInSubnet } from "../inventory/subnet.ts";
import type { CertificateWish } from "./issue.ts";

/** A certificate of a control plane, and where it lies. */
export interface TableEntry extends CertificateWish {
  /** As kubeadm names it: `etcd-server`. */
  readonly name: string;
  /** Name of the authority in the vault. */
  readonly signer: "ca" | "etcd-ca" | "front-proxy-ca";
  readonly certificatePath: string;
  readonly keyPath: string;
}

export interface ControlPlaneNode {
  readonly cluster: Pick<Cluster, "certificatesDir" | "endpoint" | "certSANs" | "serviceSubnet" | "dnsDomain">;
  /** Its SSH address becomes a SAN, since the operator's kubeconfig uses it. */
  readonly spec: Pick<ClusterHost, "transport" | "address">;
  readonly nodeName: string;
  readonly nodeAddress: string;
}

/**
 * The certificates of one control plane with an etcd member on the same host, but for the authorities
 * (kubeadm/app/phases/certs/certlist.go, v1.36).
 */
export function controlPlaneCertificates(node: ControlPlaneNode): readonly TableEntry[] {
  const { nodeName, nodeAddress } = node;
  const { certificatesDir } = node.cluster;
  const at = (name: string, base = name) => ({
    name,
    certificatePath: `${certificatesDir}/${base}.crt`,
    keyPath: `${certificatesDir}/${base}.key`,
  });
  const client = (name: string, signer: TableEntry["signer"], commonName: string, base?: string): TableEntry => ({
    ...at(name, base),
    signer,
    commonName,
    usages: ["clientAuth"],
    dnsNames: [],
    ipAddresses: [],
  });
  const both = ["serverAuth", "clientAuth"] as const;
  const etcdNames = splitNames([nodeName, "localhost", nodeAddress, "127.0.0.1", "::1"]);
  return [
    { ...at("apiserver"), signer: "ca", commonName: "kube-apiserver", usages: ["serverAuth"], ...apiServerNames(node) },
    // in no group: what it may do with kubelets is bound to its name
    client("apiserver-kubelet-client", "ca", "kube-apiserver-kubelet-client"),
    client("front-proxy-client", "front-proxy-ca", "front-proxy-client"),
    { ...at("etcd-server", "etcd/server"), signer: "etcd-ca", commonName: nodeName, usages: both, ...etcdNames },
    { ...at("etcd-peer", "etcd/peer"), signer: "etcd-ca", commonName: nodeName, usages: both, ...etcdNames },
    client("etcd-healthcheck-client", "etcd-ca", "kube-etcd-healthcheck-client", "etcd/healthcheck-client"),
    client("apiserver-etcd-client", "etcd-ca", "kube-apiserver-etcd-client"),
  ];
}

function apiServerNames({ cluster, spec, nodeName, nodeAddress }: ControlPlaneNode) {
  return splitNames([
    nodeName,
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    `kubernetes.default.svc.${cluster.dnsDomain}`,
    addressInSubnet(cluster.serviceSubnet, 1),
    nodeAddress,
    cluster.endpoint.host,
    ...(spec.transport === "ssh" ? [spec.address] : []),
    ...cluster.certSANs,
  ]);
}

/** DNS names, sorted, and addresses, each once. */
export function splitNames(names: readonly string[]): Pick<CertificateWish, "dnsNames" | "ipAddresses"> {
  const unique = [...new Set(names)];
  return { dnsNames: unique.filter((name) => isIP(name) === 0).sort(), ipAddresses: unique.filter((name) => isIP(name) !== 0) };
}
