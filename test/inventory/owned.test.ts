import test from "ava";
import { parseInventory } from "../../src/inventory/parse.ts";
import { refusesByRule, refusesByShape } from "./refuses.ts";

test(
  "refuses arguments that the inventory has a field for",
  refusesByRule,
  `
  extraArgs:
    apiServer: { service-cluster-ip-range: 10.0.0.0/24, secure-port: 7443 }
    kubelet: { node-ip: 10.0.0.1 }
  hosts:
    - { name: cp1, address: 192.168.56.11, role: control-plane, kubeletExtraArgs: { hostname-override: x } }`,
  [
    '7:18 extraArgs.apiServer["service-cluster-ip-range"]: must not be set here; set networking.serviceSubnet',
    '7:57 extraArgs.apiServer["secure-port"]: must not be set here; set apiEndpoint.bindPort',
    '8:16 extraArgs.kubelet["node-ip"]: must not be set here; set nodeAddress of the host',
    '10:85 hosts[0].kubeletExtraArgs["hostname-override"]: must not be set here; set nodeName of the host',
  ],
);

test(
  "refuses free-form settings that contradict the cluster",
  refusesByRule,
  `
  kubelet: { staticPodPath: /x, clusterDNS: [10.0.0.10], clusterDomain: x, authentication: { x509: { clientCAFile: /x } } }
  kubeProxy: { clusterCIDR: 10.0.0.0/8, kind: X }
  containerd: { version: 2 }`,
  [
    "6:14 kubelet.staticPodPath: must not be set here; the control plane's pods are in /etc/kubernetes/manifests",
    "6:33 kubelet.clusterDNS: must not be set here; it is the tenth address of networking.serviceSubnet",
    "6:58 kubelet.clusterDomain: must not be set here; set networking.dnsDomain",
    "6:102 kubelet.authentication.x509.clientCAFile: must not be set here; it is the cluster's CA",
    "7:16 kubeProxy.clusterCIDR: must not be set here; set networking.podSubnet",
    "7:41 kubeProxy.kind: must not be set here; kboot writes it",
    "8:17 containerd.version: must not be set here; kboot writes version 3",
  ],
);

test(
  "refuses free-form settings that remove what contains such a field",
  refusesByRule,
  `
  kubelet: { authentication: null }
  hosts:
    - { name: cp1, address: 192.168.56.11, role: control-plane, kubelet: { authentication: { x509: none } } }`,
  [
    "6:14 kubelet.authentication: must not be set here; it is the cluster's CA",
    "8:94 hosts[0].kubelet.authentication.x509: must not be set here; it is the cluster's CA",
  ],
);

test(
  "refuses free-form settings that are no map",
  refusesByShape,
  `
  kubelet: [failSwapOn]
  containerd:`,
  ["6:12 kubelet: must be a map, not a list", "7:14 containerd: has no value; give it one or remove the key"],
);

test(
  "refuses arguments of auditing beside audit",
  refusesByRule,
  "  audit: { policyFile: ./policy.yaml }\n  extraArgs: { apiServer: { audit-log-maxage: 3, audit-log-mode: batch } }",
  ['7:29 extraArgs.apiServer["audit-log-maxage"]: must not be set here; set audit.maxAgeDays'],
);

test("a kubelet that is its host's own keeps the arguments that say what node it is", (t) => {
  const hosts = (from: string) => `
    - { name: cp1, address: 192.168.56.11, role: control-plane, kubernetes: { from: ${from} }, kubeletExtraArgs: { node-ip: 10.0.0.1, node-labels: a=b, config: /x } }`;
  const fieldsOf = (from: string) =>
    parseInventory(
      `apiVersion: kboot.dev/v1alpha1\nkind: Cluster\nmetadata: { name: lab }\nspec:\n  kubernetesVersion: 1.36.3\n  hosts:${hosts(from)}\n`,
      {
        file: "/lab.yaml",
        home: "/",
      },
    ).problems?.map(({ field }) => field);
  t.deepEqual(fieldsOf("host"), ["hosts[0].kubeletExtraArgs.config"]);
  t.deepEqual(fieldsOf("sources"), [
    'hosts[0].kubeletExtraArgs["node-ip"]',
    'hosts[0].kubeletExtraArgs["node-labels"]',
    "hosts[0].kubeletExtraArgs.config",
  ]);
});
