import type { Audit, Cluster, ClusterHost, WeaveNetwork } from "../../src/inventory/cluster.ts";
import { bootstrapRbac } from "../../src/kubernetes/bootstrap-rbac.ts";
import { clusterInfo } from "../../src/kubernetes/cluster-info.ts";
import { coreDns } from "../../src/kubernetes/core-dns.ts";
import { kbootConfig } from "../../src/kubernetes/kboot-config.ts";
import { kubeProxy } from "../../src/kubernetes/kube-proxy.ts";
import { kubeadmConfig } from "../../src/kubernetes/kubeadm-config.ts";
import type { ObjectResource } from "../../src/resources/object.ts";

/** A worker, or a host with these differences. */
export function testHost(over: Partial<ClusterHost> = {}): ClusterHost {
  return {
    name: "worker1",
    transport: "ssh",
    address: "192.168.56.21",
    nodeAddress: undefined,
    nodeName: "worker1",
    role: "worker",
    labels: {},
    taints: [],
    ssh: { user: "vagrant", port: 22, identityFiles: [], knownHostsFile: "/home/me/.ssh/known_hosts", connectTimeoutSeconds: 10 },
    containerRuntime: { from: "sources" },
    kubernetes: { from: "sources" },
    kubelet: {},
    kubeletExtraArgs: [],
    patches: [],
    ...over,
  };
}

/** Weave Net as it is without any option, or with these. */
export function weaveNetwork(over: Partial<WeaveNetwork> = {}): WeaveNetwork {
  return {
    plugin: "weave-net",
    version: "2.9.0",
    registry: "docker.io/rajchaudhuri",
    mtu: undefined,
    encryption: true,
    passwordFile: undefined,
    password: undefined,
    trustedSubnets: [],
    networkPolicy: true,
    fastDatapath: undefined,
    hairpinMode: true,
    noMasqLocal: true,
    connectionLimit: 200,
    ipallocInit: undefined,
    peers: [],
    exposeAddress: undefined,
    httpAddress: "127.0.0.1:6784",
    metricsAddress: undefined,
    statusAddress: undefined,
    iptablesBackend: "nft",
    checkForUpdates: false,
    debug: false,
    extraArgs: [],
    policyExtraArgs: [],
    ...over,
  };
}

/** Auditing with the least policy there is. */
export const testAudit: Audit = {
  policyFile: "/home/me/policy.yaml",
  policy: "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: Metadata }]\n",
  logPath: "/var/log/k8s/audit.log",
  maxAgeDays: 30,
  maxBackups: 10,
  maxSizeMegabytes: 100,
};

/** A cluster of one control plane and one worker, or one with these differences. */
export function testCluster(over: Partial<Cluster> = {}): Cluster {
  return {
    name: "lab",
    file: "/home/me/lab.yaml",
    kubernetesVersion: "1.36.3",
    endpoint: { host: "api.lab.internal", port: 6443, managed: true },
    bindPort: 6443,
    certSANs: ["192.168.56.11"],
    podSubnet: "10.244.0.0/16",
    serviceSubnet: "10.96.0.0/12",
    sysctls: {},
    dnsDomain: "cluster.local",
    imageRepository: "registry.k8s.io",
    encryptionAlgorithm: "RSA-2048",
    certificatesDir: "/etc/kubernetes/pki",
    certificateValidityDays: 365,
    caCertificateValidityDays: 3650,
    hosts: [testHost({ name: "cp1", nodeName: "cp1", address: "192.168.56.11", role: "control-plane" }), testHost()],
    kubelet: {},
    kubeProxy: {},
    containerd: {},
    extraArgs: { apiServer: [], controllerManager: [], scheduler: [], etcd: [], kubelet: [] },
    patches: [],
    audit: undefined,
    network: { plugin: "flannel", version: "0.26.7", registry: "ghcr.io/flannel-io", backend: "vxlan" },
    sources: [],
    maxUnavailable: "10%",
    ignoreChecks: [],
    ...over,
  };
}

/** Every object that kboot puts into a cluster, but for the pod network. */
export function clusterObjects(cluster: Cluster, caCert: string): readonly ObjectResource[] {
  return [
    ...bootstrapRbac(),
    ...kubeadmConfig(cluster),
    ...clusterInfo(cluster, caCert),
    ...kubeProxy(cluster),
    ...coreDns(cluster),
    ...kbootConfig(cluster),
  ];
}
