import type { V1DaemonSetSpec } from "@kubernetes/client-node";
import test from "ava";
import { parse } from "yaml";
import type { KubernetesObject } from "../../src/engine/contracts.ts";
import { clusterInfo } from "../../src/kubernetes/cluster-info.ts";
import { coreDns } from "../../src/kubernetes/core-dns.ts";
import { kbootConfig } from "../../src/kubernetes/kboot-config.ts";
import { kubeProxy } from "../../src/kubernetes/kube-proxy.ts";
import { clusterConfiguration } from "../../src/kubernetes/kubeadm-config.ts";
import type { ObjectResource } from "../../src/resources/object.ts";
import { clusterObjects, testCluster, testHost } from "./fixture.ts";

const caCert = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

function find(resources: readonly ObjectResource[], kind: string, name: string): ObjectResource {
  const found = resources.find(({ object }) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

const data = (resource: ObjectResource) => resource.object["data"] as Record<string, string>;

test("all objects of a cluster", (t) => {
  t.snapshot(clusterObjects(testCluster(), caCert));
});

test("no object stands twice", (t) => {
  const names = clusterObjects(testCluster(), caCert).map(
    ({ object: { kind, metadata } }) => `${kind} ${metadata.namespace} ${metadata.name}`,
  );
  t.is(new Set(names).size, names.length);
});

test("cluster-info names the endpoint and embeds the CA", (t) => {
  const [info] = clusterInfo({ endpoint: { host: "fd00::1", port: 8443, managed: false } }, caCert);
  const kubeconfig = parse(data(info as ObjectResource)["kubeconfig"] ?? "");
  t.is(kubeconfig.clusters[0].cluster.server, "https://[fd00::1]:8443");
  t.is(Buffer.from(kubeconfig.clusters[0].cluster["certificate-authority-data"], "base64").toString(), caCert);
});

test("kubeadm's configuration carries extra arguments and periods", (t) => {
  const extraArgs = { ...testCluster().extraArgs, etcd: [{ name: "quota-backend-bytes", value: "8" }] };
  t.like(clusterConfiguration(testCluster({ extraArgs })), {
    certificateValidityPeriod: "8760h0m0s",
    caCertificateValidityPeriod: "87600h0m0s",
    controlPlaneEndpoint: "api.lab.internal:6443",
    etcd: { local: { dataDir: "/var/lib/etcd", extraArgs: [{ name: "quota-backend-bytes", value: "8" }] } },
    kubernetesVersion: "v1.36.3",
  });
});

test("kube-proxy's pods are replaced when its configuration changes", (t) => {
  const hash = (mode: string) => {
    const { object } = find(kubeProxy(testCluster({ kubeProxy: { mode } })), "DaemonSet", "kube-proxy");
    return (object as { spec?: { template?: { metadata?: { annotations?: unknown } } } }).spec?.template?.metadata?.annotations;
  };
  t.deepEqual(hash("nftables"), hash("nftables"));
  t.notDeepEqual(hash("nftables"), hash("iptables"));
});

test("kube-proxy's pods stay that read a configuration of kubeadm's which says the same", (t) => {
  const cluster = testCluster();
  const configMap = find(kubeProxy(cluster), "ConfigMap", "kube-proxy").object;
  const annotations = (live: KubernetesObject, mode = "") => {
    const { object } = find(kubeProxy({ ...cluster, kubeProxy: { mode } }, live), "DaemonSet", "kube-proxy");
    return Object.keys((object["spec"] as V1DaemonSetSpec).template.metadata?.annotations ?? {});
  };
  const managedBy = (manager: string, operation: string) => ({
    ...configMap,
    metadata: { ...configMap.metadata, managedFields: [{ manager, operation }] },
  });
  const byKubeadm = managedBy("kubeadm", "Update") as KubernetesObject;
  t.deepEqual(annotations(byKubeadm), []);
  t.deepEqual(annotations(byKubeadm, "ipvs"), ["kboot.dev/config-hash"]);
  t.deepEqual(annotations(managedBy("kboot", "Apply") as KubernetesObject), ["kboot.dev/config-hash"]);
});

test("kube-proxy's mode is written since 1.37, and the inventory's wins", (t) => {
  const mode = (kubernetesVersion: string, over: Record<string, unknown> = {}) =>
    parse(data(find(kubeProxy(testCluster({ kubernetesVersion, kubeProxy: over })), "ConfigMap", "kube-proxy"))["config.conf"] ?? "").mode;
  t.is(mode("1.36.3"), "");
  t.is(mode("1.37.2"), "iptables");
  t.is(mode("1.37.2", { mode: "nftables" }), "nftables");
});

test("Corefile and replicas of CoreDNS are left to the operator", (t) => {
  const resources = coreDns(testCluster({ dnsDomain: "corp.example" }));
  const config = find(resources, "ConfigMap", "coredns");
  t.deepEqual(config.keep, ["data.Corefile"]);
  t.regex(data(config)["Corefile"] ?? "", /kubernetes corp\.example in-addr\.arpa ip6\.arpa \{/);
  t.deepEqual(find(resources, "Deployment", "coredns").keep, ["spec.replicas"]);
});

test("what joining nodes may read holds no credential and nothing of the operator's machine", (t) => {
  const cluster = testCluster({
    containerd: { registry: { configs: { "r.example": { auth: { username: "me", password: "hunter2" }, tls: { ca_file: "/ca" } } } } },
    hosts: [
      testHost({ ssh: { user: "vagrant", port: 22, identityFiles: ["/home/me/key"], knownHostsFile: "/x", connectTimeoutSeconds: 1 } }),
    ],
  });
  const text = data(find(kbootConfig(cluster), "ConfigMap", "kboot-config"))["inventory.yaml"] ?? "";
  t.notRegex(text, /hunter2|\/home\/me/);
  t.like(parse(text), {
    spec: {
      kubernetesVersion: "1.36.3",
      containerd: { registry: { configs: { "r.example": { tls: { ca_file: "/ca" } } } } },
      hosts: [{ name: "worker1", role: "worker" }],
    },
  });
});
