import test from "ava";
import { stringify } from "yaml";
import type { Patch } from "../../src/inventory/cluster.ts";
import { parseInventory } from "../../src/inventory/parse.ts";
import { type InitFlags, initDocument, originOf } from "../../src/machine/init-document.ts";

const machine = { nodeName: "vm1", address: "192.0.2.7", kubernetesVersion: "1.36.3" };

function parsed(flags: InitFlags) {
  return parseInventory(stringify(initDocument(flags, machine)), { file: "/etc/kubernetes/kboot.yaml", home: "/root" });
}

test("without flags it is the machine by its own address, as kubeadm does", (t) => {
  t.like(parsed({}).cluster, {
    name: "kubernetes",
    kubernetesVersion: "1.36.3",
    endpoint: { host: "192.0.2.7", port: 6443, managed: false },
    podSubnet: "10.244.0.0/16",
    sources: [{ kind: "upstream" }],
    hosts: [{ name: "vm1", nodeName: "vm1", transport: "local", role: "control-plane", nodeAddress: "192.0.2.7" }],
  });
});

test("each flag says its field", (t) => {
  const flags: InitFlags = {
    apiserverBindPort: "7443",
    certDir: "/srv/pki",
    apiserverCertExtraSans: "api.example.com,203.0.113.9",
    controlPlaneEndpoint: "api.example.com:8443",
    imageRepository: "registry.example.com/k8s",
    network: "flannel",
    podNetworkCidr: "10.1.0.0/16",
    serviceCidr: "10.2.0.0/16",
    serviceDnsDomain: "corp.example",
    source: ["/srv/bundle", "https://mirror.example.com/kboot", "registry:r.example:5000", "upstream"],
  };
  t.like(parsed(flags).cluster, {
    certSANs: ["api.example.com", "203.0.113.9"],
    bindPort: 7443,
    certificatesDir: "/srv/pki",
    endpoint: { host: "api.example.com", port: 8443, managed: false },
    imageRepository: "registry.example.com/k8s",
    network: { plugin: "flannel" },
    podSubnet: "10.1.0.0/16",
    serviceSubnet: "10.2.0.0/16",
    dnsDomain: "corp.example",
    sources: [
      { kind: "bundle", path: "/srv/bundle" },
      { kind: "mirror", url: "https://mirror.example.com/kboot" },
      { kind: "registry", address: "r.example:5000", insecure: false },
      { kind: "upstream" },
    ],
  });
});

test("without an endpoint's port it is that of the API server, and the flag goes over the file", (t) => {
  t.like(parsed({ apiserverBindPort: "7443" }).cluster, { bindPort: 7443, endpoint: { host: "192.0.2.7", port: 7443 } });
  t.like(parsed({ apiserverBindPort: "7443", controlPlaneEndpoint: "api.example.com" }).cluster, {
    endpoint: { host: "api.example.com", port: 7443 },
  });
  const base = { spec: { apiEndpoint: { bindPort: 8443 } } };
  const document = initDocument({ apiserverBindPort: "7443" }, machine, base) as { readonly spec: unknown };
  t.like(document.spec, { apiEndpoint: { host: "192.0.2.7", bindPort: 7443 } });
});

test("what is wrong is told of the flag", (t) => {
  const wrong = (flags: InitFlags) => (parsed(flags).problems ?? []).map(({ field }) => originOf(field, flags, {}));
  t.deepEqual(wrong({ serviceCidr: "10.2.0.0" }), ["--service-cidr"]);
  t.deepEqual(wrong({ podNetworkCidr: "10.96.0.0/16" }), ["--pod-network-cidr"]);
  t.deepEqual(wrong({ controlPlaneEndpoint: "api.example.com:x" }), ["--control-plane-endpoint"]);
  t.deepEqual(wrong({ apiserverBindPort: "https" }), ["--apiserver-bind-port"]);
  t.deepEqual(wrong({ apiserverBindPort: "65536" }), ["--apiserver-bind-port"]);
  t.deepEqual(wrong({ apiserverBindPort: "2379" }), ["--apiserver-bind-port"]);
  for (const certDir of ["pki", "/srv/../pki", "/", "/var/lib/etcd", "/etc/kubernetes/manifests/pki", "/srv/a b"]) {
    t.deepEqual(wrong({ certDir }), ["--cert-dir"]);
  }
  for (const certDir of [
    "/root",
    "/tmp",
    "/etc",
    "/etc/kubernetes",
    "/etc/ssl/certs",
    "/usr/local/bin",
    "/home/ada/pki",
    "/var/lib/kboot",
  ]) {
    t.deepEqual(wrong({ certDir }), ["--cert-dir"], certDir);
  }
  for (const certDir of ["/etc/kubernetes/pki/", "/etc/pki/kubernetes", "/root/pki", "/pki"]) {
    t.deepEqual(wrong({ certDir }), [], certDir);
  }
  t.deepEqual(wrong({ network: "calico" }), ["--network"]);
  t.deepEqual(wrong({ apiserverCertExtraSans: "a_b!" }), ["--apiserver-cert-extra-sans"]);
});

test("what a file says is judged also where it is no map", (t) => {
  for (const spec of [{ pki: 5 }, { networking: "nope" }, { apiEndpoint: [7] }]) {
    const document = stringify(initDocument({}, machine, { spec }));
    const { problems = [] } = parseInventory(document, { file: "/etc/kubernetes/kboot.yaml", home: "/root" });
    t.deepEqual(
      problems.map(({ field }) => field),
      Object.keys(spec),
    );
  }
});

test("what no flag has said is told where the file says it, else by the flag that would", (t) => {
  const ofFile = {
    originOf: (path: readonly (string | number)[]) => (path.at(-1) === "podSubnet" ? "F: Cluster.networking.podSubnet" : undefined),
  };
  t.is(originOf("networking.podSubnet", {}, ofFile), "F: Cluster.networking.podSubnet");
  t.is(originOf("networking.podSubnet", { podNetworkCidr: "x" }, ofFile), "--pod-network-cidr");
  t.is(originOf("networking.serviceSubnet", {}, ofFile), "--service-cidr");
  t.is(originOf("hosts[0].name", { nodeName: "a_b" }, {}), "--node-name");
  t.is(originOf("kubelet.staticPodPath", {}, {}), "kubelet.staticPodPath");
});

test("patches of the machine's folder stand at its host, those of CoreDNS at the cluster, after what a file says", (t) => {
  const patch = (target: Patch["target"], patch: Patch["patch"]): Patch => ({ name: "x", target, type: "merge", patch });
  const base = {
    spec: { patches: [{ target: "etcd", patch: { a: 1 } }] },
    patches: [patch("corednsdeployment", { b: 2 }), patch("kubeletconfiguration", { c: 3 })],
  };
  const document = stringify(initDocument({}, machine, base));
  const { cluster } = parseInventory(document, { file: "/etc/kubernetes/kboot.yaml", home: "/root" });
  t.deepEqual(cluster?.patches, [
    { name: undefined, target: "etcd", type: "strategic", patch: { a: 1 } },
    patch("corednsdeployment", { b: 2 }),
  ]);
  t.deepEqual(cluster?.hosts[0]?.patches, [patch("kubeletconfiguration", { c: 3 })]);
  t.deepEqual(parsed({}).cluster?.patches, []);
});
