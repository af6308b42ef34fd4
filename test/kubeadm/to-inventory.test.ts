import test from "ava";
import { stringify } from "yaml";
import { resolveCluster } from "../../src/inventory/resolve.ts";
import type { InventoryFile } from "../../src/inventory/schema.ts";
import { specOfKubeadm } from "../../src/kubeadm/to-inventory.ts";
import { kubeProxyConfiguration } from "../../src/kubernetes/kube-proxy.ts";
import { clusterConfiguration } from "../../src/kubernetes/kubeadm-config.ts";
import { parseKubeadmDocuments } from "../../src/kubernetes/kubeadm-documents/parse.ts";
import { kubeletConfiguration } from "../../src/kubernetes/kubelet.ts";
import { testAudit, testCluster } from "../kubernetes/fixture.ts";

const file = "/home/me/kboot.yaml";

function take(...texts: readonly string[]) {
  return specOfKubeadm(parseKubeadmDocuments(texts.join("\n---\n"), "kubeadm.yaml"), { file });
}

const init = (body: string) => `apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n${body}`;
const ofCluster = (body: string) => `apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n${body}`;
const kubelet = (body: string) => `apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n${body}`;
const kubeProxy = (body: string) => `apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n${body}`;

/** The least of a cluster that nothing is missing of. */
const least = "kubernetesVersion: v1.36.3\ncontrolPlaneEndpoint: api.example.com\nnetworking: {podSubnet: 10.244.0.0/16}";

test("a cluster that kboot describes in kubeadm's words comes back as it was", (t) => {
  const cluster = testCluster({
    endpoint: { host: "api.example.com", port: 8443, managed: false },
    certSANs: ["10.0.0.9", "*.example.com"],
    encryptionAlgorithm: "ECDSA-P256",
    certificateValidityDays: 90,
    audit: { ...testAudit, policyFile: "/etc/kubernetes/audit-policy.yaml" },
    kubelet: { maxPods: 50, evictionHard: { "memory.available": "200Mi" }, serverTLSBootstrap: true },
    kubeProxy: { mode: "nftables", conntrack: { maxPerCore: 0, tcpEstablishedTimeout: "0s" } },
    extraArgs: {
      apiServer: [
        { name: "v", value: "3" },
        { name: "tls-sni-cert-key", value: "a,b" },
        { name: "tls-sni-cert-key", value: "c,d" },
      ],
      controllerManager: [{ name: "node-monitor-grace-period", value: "20s" }],
      scheduler: [{ name: "v", value: "4" }],
      etcd: [{ name: "quota-backend-bytes", value: "4294967296" }],
      kubelet: [],
    },
  });
  const { spec, notTaken } = take(
    stringify(clusterConfiguration(cluster)),
    stringify(kubeletConfiguration(cluster)),
    stringify(kubeProxyConfiguration(cluster)),
  );
  t.deepEqual(notTaken, []);
  const document: InventoryFile = {
    apiVersion: "kboot.dev/v1alpha1",
    kind: "Cluster",
    metadata: { name: "lab" },
    spec: { kubernetesVersion: "", ...spec, hosts: [{ name: "cp1", address: "10.0.0.1", role: "control-plane" }] },
  };
  const again = resolveCluster(document, { file, home: "/home/me" });
  const described = (of: typeof cluster) => [clusterConfiguration(of), kubeletConfiguration(of), kubeProxyConfiguration(of)];
  t.deepEqual(described({ ...again, audit: again.audit && { ...again.audit, policy: testAudit.policy } }), described(cluster));
  t.like(again.audit, { policyFile: "/etc/kubernetes/audit-policy.yaml", logPath: testAudit.logPath, maxAgeDays: testAudit.maxAgeDays });
});

test("what kubeadm writes by itself says nothing", (t) => {
  // as `kubeadm config print init-defaults --component-configs KubeletConfiguration,KubeProxyConfiguration` has it, v1.36
  const { spec, host, notTaken } = take(
    init(`localAPIEndpoint: {advertiseAddress: 10.0.0.1, bindPort: 6443}
nodeRegistration:
  criSocket: unix:///var/run/containerd/containerd.sock
  imagePullPolicy: IfNotPresent
  imagePullSerial: true
  name: node
  taints: null`),
    ofCluster(`apiServer: {}
caCertificateValidityPeriod: 87600h0m0s
certificateValidityPeriod: 8760h0m0s
certificatesDir: /etc/kubernetes/pki
clusterName: kubernetes
controllerManager: {}
dns: {}
encryptionAlgorithm: RSA-2048
etcd: {local: {dataDir: /var/lib/etcd}}
imageRepository: registry.k8s.io
kubernetesVersion: 1.36.3
networking: {dnsDomain: cluster.local, serviceSubnet: 10.96.0.0/12, podSubnet: 10.244.0.0/16}
proxy: {}
scheduler: {}`),
    kubelet(`authentication:
  anonymous: {enabled: false}
  webhook: {cacheTTL: 0s, enabled: true}
  x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}
authorization:
  mode: Webhook
  webhook: {cacheAuthorizedTTL: 0s, cacheUnauthorizedTTL: 0s}
cgroupDriver: systemd
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
containerRuntimeEndpoint: ""
cpuManagerReconcilePeriod: 0s
crashLoopBackOff: {}
healthzBindAddress: 127.0.0.1
healthzPort: 10248
logging: {flushFrequency: 0, options: {json: {infoBufferSize: "0"}, text: {infoBufferSize: "0"}}, verbosity: 0}
memorySwap: {}
rotateCertificates: true
staticPodPath: /etc/kubernetes/manifests
syncFrequency: 0s`),
    kubeProxy(`bindAddress: 0.0.0.0
bindAddressHardFail: false
clientConnection: {acceptContentTypes: "", burst: 0, contentType: "", kubeconfig: /var/lib/kube-proxy/kubeconfig.conf, qps: 0}
clusterCIDR: 10.244.0.0/16
configSyncPeriod: 0s
conntrack: {maxPerCore: null, min: null, tcpBeLiberal: false, tcpCloseWaitTimeout: null, tcpEstablishedTimeout: null, udpTimeout: 0s}
detectLocal: {bridgeInterface: "", interfaceNamePrefix: ""}
enableProfiling: false
iptables: {localhostNodePorts: null, masqueradeAll: false, masqueradeBit: null, minSyncPeriod: 0s, syncPeriod: 0s}
ipvs: {excludeCIDRs: null, scheduler: "", strictARP: false, tcpTimeout: 0s}
logging: {flushFrequency: 0, options: {json: {infoBufferSize: "0"}, text: {infoBufferSize: "0"}}, verbosity: 0}
mode: ""
nftables: {masqueradeAll: false, masqueradeBit: null, minSyncPeriod: 0s, syncPeriod: 0s}
nodePortAddresses: null
oomScoreAdj: null
winkernel: {enableDSR: false, forwardHealthCheckVip: false, networkName: "", rootHnsEndpointName: "", sourceVip: ""}`),
  );
  t.deepEqual(notTaken, []);
  t.deepEqual(host, { nodeName: "node", nodeAddress: "10.0.0.1" });
  t.deepEqual(Object.keys(spec).sort(), ["apiEndpoint", "imageRepository", "kubernetesVersion", "networking", "pki"]);
});

test("a zero that is a choice is kept", (t) => {
  const { spec } = take(
    ofCluster(least),
    kubelet('resolvConf: ""\nreadOnlyPort: 10255\nfailSwapOn: false\noomScoreAdj: 0\nhealthzPort: 0\nrotateCertificates: false'),
    kubeProxy(
      "conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s, udpTimeout: 0s}\nipvs: {strictARP: true}",
    ),
  );
  t.deepEqual(spec.kubelet, {
    resolvConf: "",
    readOnlyPort: 10255,
    failSwapOn: false,
    oomScoreAdj: 0,
    healthzPort: 0,
    rotateCertificates: false,
  });
  t.deepEqual(spec.kubeProxy, {
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
    ipvs: { strictARP: true },
  });
});

const endpoint = test.macro((t, controlPlaneEndpoint: string, local: string, expected: unknown) => {
  const { spec } = take(init(`localAPIEndpoint: ${local}`), ofCluster(`kubernetesVersion: 1.36.3\n${controlPlaneEndpoint}`));
  t.deepEqual(spec.apiEndpoint, expected as never);
});

test("an endpoint with its port", endpoint, "controlPlaneEndpoint: api.example.com:443", "{}", { host: "api.example.com", port: 443 });
test("an endpoint has the port of the API server unless it says another", endpoint, "controlPlaneEndpoint: 10.0.0.9", "{bindPort: 7443}", {
  host: "10.0.0.9",
  bindPort: 7443,
});
test("an endpoint with another port than the API server", endpoint, "controlPlaneEndpoint: 10.0.0.9:6443", "{bindPort: 7443}", {
  host: "10.0.0.9",
  port: 6443,
  bindPort: 7443,
});
test("without an endpoint it is the first control plane", endpoint, "", "{advertiseAddress: 10.0.0.1}", { host: "10.0.0.1" });

test("the host gets what its kubelet is told", (t) => {
  const { host, notTaken } = take(
    init(`localAPIEndpoint: {advertiseAddress: 10.0.0.1}
nodeRegistration:
  name: wrong
  criSocket: /run/containerd/containerd.sock
  taints: []
  kubeletExtraArgs:
    - {name: node-ip, value: 10.0.0.1}
    - {name: hostname-override, value: cp1}
    - {name: node-labels, value: "zone=a,example.com/rack="}
    - {name: v, value: "2"}`),
    ofCluster(least),
  );
  t.deepEqual(notTaken, []);
  t.deepEqual(host, {
    nodeName: "cp1",
    nodeAddress: "10.0.0.1",
    labels: { zone: "a", "example.com/rack": "" },
    taints: [],
    kubeletExtraArgs: { v: "2" },
  });
});

test("certificates are where the configuration has them", (t) => {
  const pki = (certificatesDir: string) => take(ofCluster(`${least}\ncertificatesDir: ${certificatesDir}`)).spec.pki;
  t.deepEqual(pki("/srv/pki"), { certificatesDir: "/srv/pki" });
  t.is(pki("/etc/kubernetes/pki"), undefined);
});

test("taints of a flag are the host's", (t) => {
  const { host } = take(
    init('nodeRegistration: {kubeletExtraArgs: [{name: register-with-taints, value: "a=b:NoSchedule,c:NoExecute"}]}'),
    ofCluster(least),
  );
  t.deepEqual(host.taints, [
    { key: "a", value: "b", effect: "NoSchedule" },
    { key: "c", effect: "NoExecute" },
  ]);
});

/** The fields that are not taken over, in their order. */
const left = test.macro((t, documents: readonly string[], fields: readonly string[]) => {
  const { notTaken } = take(...documents);
  t.deepEqual(
    notTaken.map(({ field }) => field),
    fields,
  );
  for (const { message } of notTaken) t.regex(message, /^\S.*[^.]$/s);
  t.snapshot(notTaken);
});

test(
  "names what a ClusterConfiguration asks for and kboot has not",
  left,
  [
    ofCluster(`kubernetesVersion: v1.36.3
controlPlaneEndpoint: api.example.com:6443
networking: {podSubnet: 10.244.0.0/16}
certificatesDir: /etc/kubernetes/manifests
clusterName: lab
featureGates: {RootlessControlPlane: true, NodeLocalCRISocket: false}
certificateValidityPeriod: 100h
apiServer:
  extraVolumes: [{name: ca, hostPath: /opt/ca, mountPath: /opt/ca}]
  extraEnvs: [{name: PASSWORD, value: sesame}]
controllerManager:
  extraVolumes: [{name: ca, hostPath: /opt/ca, mountPath: /opt/ca}]
scheduler:
  extraEnvs: [{name: A, value: b}]
etcd:
  local:
    dataDir: /data
    imageTag: 3.5.0-0
    imageRepository: example.com
    serverCertSANs: [etcd.example.com]
    peerCertSANs: [10.0.0.9]
    extraEnvs: [{name: A, value: b}]
dns: {disabled: true, imageTag: v1.0.0, imageRepository: example.com}
proxy: {disabled: true}`),
  ],
  [
    "ClusterConfiguration.certificateValidityPeriod",
    "ClusterConfiguration.apiServer.extraVolumes[0]",
    "ClusterConfiguration.controllerManager.extraVolumes[0]",
    "ClusterConfiguration.scheduler.extraEnvs[0]",
    "ClusterConfiguration.apiServer.extraEnvs[0]",
    "ClusterConfiguration.etcd.local.dataDir",
    "ClusterConfiguration.etcd.local.imageTag",
    "ClusterConfiguration.etcd.local.imageRepository",
    "ClusterConfiguration.etcd.local.serverCertSANs",
    "ClusterConfiguration.etcd.local.peerCertSANs",
    "ClusterConfiguration.etcd.local.extraEnvs[0]",
    "ClusterConfiguration.dns.disabled",
    "ClusterConfiguration.dns.imageTag",
    "ClusterConfiguration.dns.imageRepository",
    "ClusterConfiguration.proxy.disabled",
    "ClusterConfiguration.clusterName",
    "ClusterConfiguration.featureGates.RootlessControlPlane",
    "ClusterConfiguration.featureGates.NodeLocalCRISocket",
    "ClusterConfiguration.certificatesDir",
  ],
);

test(
  "names external etcd",
  left,
  [ofCluster(`${least}\netcd: {external: {endpoints: ["http://10.0.0.9:2379"]}}`)],
  ["ClusterConfiguration.etcd.external"],
);

test(
  "names what an InitConfiguration asks for and kboot has not",
  left,
  [
    init(`bootstrapTokens: [{token: abcdef.0123456789abcdef}]
certificateKey: "${"0".repeat(64)}"
skipPhases: [addon/kube-proxy]
patches: {directory: /etc/patches}
dryRun: true
timeouts: {discovery: 1m0s}
localAPIEndpoint: {advertiseAddress: 10.0.0.1, bindPort: 2379}
nodeRegistration:
  criSocket: unix:///var/run/crio/crio.sock
  ignorePreflightErrors: [Swap]
  imagePullPolicy: Always
  imagePullSerial: false
  kubeletExtraArgs: [{name: node-ip, value: 10.0.0.2}]`),
    ofCluster(least),
  ],
  [
    'InitConfiguration.nodeRegistration.kubeletExtraArgs["node-ip"]',
    "InitConfiguration.nodeRegistration.criSocket",
    "InitConfiguration.nodeRegistration.ignorePreflightErrors",
    "InitConfiguration.nodeRegistration.imagePullPolicy",
    "InitConfiguration.nodeRegistration.imagePullSerial",
    "InitConfiguration.bootstrapTokens[0]",
    "InitConfiguration.certificateKey",
    "InitConfiguration.skipPhases[0]",
    "InitConfiguration.patches.directory",
    "InitConfiguration.dryRun",
    "InitConfiguration.timeouts",
    "InitConfiguration.localAPIEndpoint.bindPort",
  ],
);

test(
  "names what an inventory refuses, and keeps what stands beside it",
  left,
  [
    init('nodeRegistration: {name: cp1, kubeletExtraArgs: [{name: kubeconfig, value: /x}, {name: v, value: "2"}]}'),
    ofCluster(`kubernetesVersion: v1.36.3
controlPlaneEndpoint: "[fd00::1]:6443"
networking: {podSubnet: "10.244.0.0/16,fd00:1::/56"}
apiServer:
  certSANs: [API.example.com, api.example.com]
  extraArgs: [{name: service-cluster-ip-range, value: 10.0.0.0/16}, {name: v, value: "2"}]`),
    kubelet("clusterDNS: [169.254.20.10]\nmaxPods: 50"),
  ],
  [
    "ClusterConfiguration.controlPlaneEndpoint.host",
    "ClusterConfiguration.apiServer.certSANs[0]",
    "ClusterConfiguration.networking.podSubnet",
    'ClusterConfiguration.apiServer.extraArgs["service-cluster-ip-range"]',
    "InitConfiguration.nodeRegistration.kubeletExtraArgs.kubeconfig",
    "KubeletConfiguration.clusterDNS",
  ],
);

test("what stands beside something that an inventory refuses is kept", (t) => {
  const { spec } = take(
    ofCluster(`${least}\napiServer: {certSANs: [A.example.com, b.example.com, C.example.com]}`),
    kubelet("clusterDNS: [169.254.20.10]\nmaxPods: 50"),
  );
  t.deepEqual(spec.certSANs, ["b.example.com"]);
  t.deepEqual(spec.kubelet, { maxPods: 50 });
});

test("a version that is a label, and an endpoint that nobody wrote, are left to say", (t) => {
  const { spec, notTaken } = take(ofCluster("kubernetesVersion: stable-1\nnetworking: {podSubnet: 10.244.0.0/16}"));
  t.deepEqual(spec, { networking: { podSubnet: "10.244.0.0/16" } });
  t.deepEqual(
    notTaken.map(({ field }) => field),
    ["ClusterConfiguration.kubernetesVersion", "ClusterConfiguration.controlPlaneEndpoint"],
  );
});

test("auditing in another way than an inventory knows stays among the arguments", (t) => {
  const { spec, notTaken } = take(
    ofCluster(`${least}
apiServer:
  extraArgs: [{name: audit-policy-file, value: /etc/audit/policy.yaml}, {name: audit-webhook-config-file, value: /etc/audit/webhook}]
  extraVolumes: [{name: audit, hostPath: /etc/audit, mountPath: /etc/audit}]`),
  );
  t.is(spec.audit, undefined);
  t.deepEqual(spec.extraArgs, {
    apiServer: { "audit-policy-file": "/etc/audit/policy.yaml", "audit-webhook-config-file": "/etc/audit/webhook" },
  });
  t.deepEqual(
    notTaken.map(({ field }) => field),
    ["ClusterConfiguration.apiServer.extraVolumes[0]"],
  );
});

test("values of environment variables are told nowhere", (t) => {
  const { notTaken } = take(ofCluster(`${least}\nscheduler: {extraEnvs: [{name: TOKEN, value: sesame}]}`));
  t.false(JSON.stringify(notTaken).includes("sesame"));
});
