import test from "ava";
import { controlPlaneCertificates } from "../../src/pki/table.ts";

const node = {
  cluster: {
    certificatesDir: "/etc/kubernetes/pki",
    endpoint: { host: "api.lab.internal", port: 6443, managed: true },
    certSANs: ["k8s.example.com", "203.0.113.7", "cp1"],
    serviceSubnet: "10.96.0.0/12",
    dnsDomain: "cluster.local",
  },
  spec: { transport: "ssh", address: "198.51.100.4" },
  nodeName: "cp1",
  nodeAddress: "192.168.56.11",
} as const;

test("a control plane has kubeadm's certificates at kubeadm's places", (t) => {
  const rows = controlPlaneCertificates(node).map(({ certificatePath, keyPath, signer, commonName, organizations = ["-"], usages }) =>
    [certificatePath, keyPath, signer, commonName, organizations.join("+"), usages.join("+")].join(" "),
  );
  t.deepEqual(
    rows,
    `
apiserver ca kube-apiserver - serverAuth
apiserver-kubelet-client ca kube-apiserver-kubelet-client - clientAuth
front-proxy-client front-proxy-ca front-proxy-client - clientAuth
etcd/server etcd-ca cp1 - serverAuth+clientAuth
etcd/peer etcd-ca cp1 - serverAuth+clientAuth
etcd/healthcheck-client etcd-ca kube-etcd-healthcheck-client - clientAuth
apiserver-etcd-client etcd-ca kube-apiserver-etcd-client - clientAuth`
      .trim()
      .split("\n")
      .map((row) => row.replace(/^\S+/, "/etc/kubernetes/pki/$&.crt /etc/kubernetes/pki/$&.key")),
  );
});

test("the API server answers to its service, endpoint, addresses and what the inventory adds, each once", (t) => {
  const apiServer = controlPlaneCertificates(node).find(({ name }) => name === "apiserver");
  t.deepEqual(apiServer?.dnsNames, [
    "api.lab.internal",
    "cp1",
    "k8s.example.com",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
  ]);
  t.deepEqual(apiServer?.ipAddresses, ["10.96.0.1", "192.168.56.11", "198.51.100.4", "203.0.113.7"]);
});

test("an endpoint that is an address stands among the addresses, and this machine has no SSH address", (t) => {
  const cluster = { ...node.cluster, endpoint: { host: "192.168.56.10", port: 6443, managed: false }, certSANs: [] };
  const [apiServer] = controlPlaneCertificates({ ...node, cluster, spec: { transport: "local", address: "localhost" } });
  t.deepEqual(apiServer?.ipAddresses, ["10.96.0.1", "192.168.56.11", "192.168.56.10"]);
  t.false(apiServer?.dnsNames.includes("localhost"));
});

test("etcd answers to the node and to itself, and its clients have no names", (t) => {
  for (const entry of controlPlaneCertificates(node).filter(({ signer }) => signer === "etcd-ca")) {
    const isServer = entry.usages.includes("serverAuth");
    t.deepEqual(entry.dnsNames, isServer ? ["cp1", "localhost"] : []);
    t.deepEqual(entry.ipAddresses, isServer ? ["192.168.56.11", "127.0.0.1", "::1"] : []);
  }
});
