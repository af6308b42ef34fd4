import test from "ava";
import type { Cluster } from "../../src/inventory/cluster.ts";
import { parseInventory } from "../../src/inventory/parse.ts";
import { weaveNetwork } from "../kubernetes/fixture.ts";
import { inventory } from "./refuses.ts";

function cluster(spec?: string): Cluster {
  const { cluster: found, problems } = parseInventory(inventory(spec), { file: "/srv/clusters/lab.yaml", home: "/home/me" });
  if (found === undefined) throw new Error(JSON.stringify(problems));
  return found;
}

test("fills in every default", (t) => {
  t.deepEqual(cluster(), {
    name: "lab",
    file: "/srv/clusters/lab.yaml",
    kubernetesVersion: "1.36.3",
    endpoint: { host: "api.lab.internal", port: 6443, managed: true },
    bindPort: 6443,
    certSANs: [],
    podSubnet: "10.244.0.0/16",
    serviceSubnet: "10.96.0.0/12",
    dnsDomain: "cluster.local",
    imageRepository: "registry.k8s.io",
    encryptionAlgorithm: "RSA-2048",
    certificatesDir: "/etc/kubernetes/pki",
    certificateValidityDays: 365,
    caCertificateValidityDays: 3650,
    hosts: [
      {
        name: "cp1",
        transport: "ssh",
        address: "192.168.56.11",
        nodeAddress: undefined,
        nodeName: "cp1",
        role: "control-plane",
        labels: {},
        taints: [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }],
        ssh: { user: "root", port: 22, identityFiles: [], knownHostsFile: "/home/me/.ssh/known_hosts", connectTimeoutSeconds: 10 },
        containerRuntime: { from: "sources" },
        kubernetes: { from: "sources" },
        kubelet: {},
        kubeletExtraArgs: [],
        patches: [],
      },
    ],
    kubelet: {},
    kubeProxy: {},
    containerd: {},
    extraArgs: { apiServer: [], controllerManager: [], scheduler: [], etcd: [], kubelet: [] },
    network: weaveNetwork(),
    sources: [{ kind: "upstream" }],
    maxUnavailable: "10%",
    sysctls: {},
    patches: [],
    audit: undefined,
    ignoreChecks: [],
  });
});

test("gives each pod network its own defaults", (t) => {
  t.deepEqual(cluster("  network: { plugin: flannel }").network, {
    plugin: "flannel",
    version: "0.26.7",
    registry: "ghcr.io/flannel-io",
    backend: "vxlan",
  });
  t.deepEqual(cluster("  network: { plugin: none }").network, { plugin: "none" });
  t.deepEqual(cluster("  network: { mtu: 1400 }").network, weaveNetwork({ mtu: 1400 }));
});

test("takes Weave Net's archived version from its makers, unless another place is named", (t) => {
  t.like(cluster("  network: { version: 2.8.1 }").network, { version: "2.8.1", registry: "docker.io/weaveworks" });
  t.like(cluster("  network: { version: 2.8.2 }").network, { registry: "docker.io/rajchaudhuri" });
  t.like(cluster("  network: { version: 2.8.1, registry: mirror.example.com }").network, { registry: "mirror.example.com" });
});

test("lets Weave Net connect every node, and resolves its arguments and the password's file", (t) => {
  const hosts = Array.from({ length: 201 }, (_, index) => `{ name: h${index}, address: h${index}, role: control-plane }`);
  t.like(cluster(`  hosts: [${hosts.join(", ")}]`).network, { connectionLimit: 201 });
  const network = cluster(
    "  network: { passwordFile: ./weave, extraArgs: { log-level: debug }, policyExtraArgs: { allow-mcast: false } }",
  ).network;
  t.like(network, { passwordFile: "/srv/clusters/weave", encryption: true });
  t.deepEqual(network.plugin === "weave-net" && [network.extraArgs, network.policyExtraArgs], [
    [{ name: "log-level", value: "debug" }],
    [{ name: "allow-mcast", value: "false" }],
  ]);
});

test("drops a leading v of versions", (t) => {
  const { kubernetesVersion } =
    parseInventory(inventory().replace("1.36.3", "v1.34.0"), { file: "/lab.yaml", home: "/home/me" }).cluster ?? t.fail();
  t.is(kubernetesVersion, "1.34.0");
  t.like(cluster("  network: { plugin: flannel, version: v0.26.5 }").network, { version: "0.26.5" });
});

test("keeps an endpoint with a name of the user's out of /etc/hosts", (t) => {
  t.deepEqual(cluster("  apiEndpoint: { host: api.example.com }").endpoint, { host: "api.example.com", port: 6443, managed: false });
  t.deepEqual(cluster("  apiEndpoint: { port: 8443 }").endpoint, { host: "api.lab.internal", port: 8443, managed: true });
});

test("the endpoint has the port of the API servers unless it is given another", (t) => {
  const ports = (fields: string) => {
    const { endpoint, bindPort } = cluster(`  apiEndpoint: ${fields}`);
    return [bindPort, endpoint.port];
  };
  t.deepEqual(ports("{ bindPort: 7443 }"), [7443, 7443]);
  t.deepEqual(ports("{ bindPort: 7443, port: 6443 }"), [7443, 6443]);
  t.deepEqual(ports("{ port: 8443 }"), [6443, 8443]);
});

test("resolves paths from the file's folder and the home folder", (t) => {
  const { hosts, sources } = cluster(`
  ssh: { identityFiles: [keys/a, ../b, /c, ~/.ssh/d], knownHostsFile: ./known_hosts }
  sources: [{ bundle: ~/bundle }, { registry: "host:5000/k8s", insecure: true }, { bundle: bundles/b }, { mirror: http://host/k }, upstream]
`);
  t.deepEqual(hosts[0]?.ssh.identityFiles, ["/srv/clusters/keys/a", "/srv/b", "/c", "/home/me/.ssh/d"]);
  t.is(hosts[0]?.ssh.knownHostsFile, "/srv/clusters/known_hosts");
  t.deepEqual(sources, [
    { kind: "bundle", path: "/home/me/bundle" },
    { kind: "registry", address: "host:5000/k8s", insecure: true },
    { kind: "bundle", path: "/srv/clusters/bundles/b" },
    { kind: "mirror", url: "http://host/k" },
    { kind: "upstream" },
  ]);
});

test("lets a host override single SSH settings", (t) => {
  const { hosts } = cluster(`
  ssh: { user: admin, port: 2222, connectTimeoutSeconds: 5 }
  hosts:
    - { name: cp1, address: a, role: control-plane, ssh: { user: root } }
    - { name: w1, address: b, role: worker, ssh: { port: 22 } }
`);
  t.like(hosts[0]?.ssh, { user: "root", port: 2222, connectTimeoutSeconds: 5 });
  t.like(hosts[1]?.ssh, { user: "admin", port: 22, connectTimeoutSeconds: 5 });
});

test("makes arguments of names, in order, one for each value of a list", (t) => {
  t.deepEqual(cluster("  extraArgs: { apiServer: { z: [a, 1], v: 4, profiling: false, empty: '' } }").extraArgs.apiServer, [
    { name: "z", value: "a" },
    { name: "z", value: "1" },
    { name: "v", value: "4" },
    { name: "profiling", value: "false" },
    { name: "empty", value: "" },
  ]);
});

test("leaves a control plane without taints when the list is empty, and a worker without any", (t) => {
  const { hosts } = cluster(`
  hosts:
    - { name: cp1, address: a, role: control-plane, taints: [] }
    - { name: w1, address: b, role: worker }
`);
  t.deepEqual(
    hosts.map((host) => host.taints),
    [[], []],
  );
});

test("gives the local machine the loopback address", (t) => {
  const [host] = cluster("  hosts: [{ name: cp1, transport: local, role: control-plane }]").hosts;
  t.like(host, { transport: "local", address: "127.0.0.1" });
});

test("leaves free-form settings as they are, nulls included", (t) => {
  const { kubelet, containerd } = cluster(`
  kubelet: { failSwapOn: false, evictionHard: null }
  containerd: { plugins: { io.containerd.cri.v1.runtime: { restrict_oom_score_adj: true } } }
`);
  t.deepEqual(kubelet, { failSwapOn: false, evictionHard: null });
  t.deepEqual(containerd, { plugins: { "io.containerd.cri.v1.runtime": { restrict_oom_score_adj: true } } });
});

test("takes containerd from the sources unless a package is wanted, which a host may have differently", (t) => {
  const { hosts } = cluster(`
  containerRuntime: { from: package }
  hosts:
    - { name: cp1, address: a, role: control-plane }
    - { name: w1, address: b, role: worker, containerRuntime: { from: package, package: containerd.io } }
    - { name: w2, address: c, role: worker, containerRuntime: { from: sources } }
`);
  t.deepEqual(
    hosts.map(({ containerRuntime }) => containerRuntime),
    [{ from: "package", package: "containerd" }, { from: "package", package: "containerd.io" }, { from: "sources" }],
  );
  t.deepEqual(cluster().hosts[0]?.containerRuntime, { from: "sources" });
});
