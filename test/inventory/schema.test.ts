import test from "ava";
import { inventory, problemsOf, refusesByShape, schemaTakes, takes } from "./refuses.ts";

test(
  "refuses an unknown field and suggests the near one",
  refusesByShape,
  `
  networking: { podsubnets: 10.0.0.0/16 }`,
  ["6:17 networking.podsubnets: there is no such field; did you mean podSubnet"],
);

test(
  "lists the fields there are when none is near",
  refusesByShape,
  `
  ssh: { password: secret }`,
  ["6:10 ssh.password: there is no such field; those here are user, port, identityFiles, knownHostsFile, connectTimeoutSeconds"],
);

test(
  "refuses a missing role, placed at the host",
  refusesByShape,
  `
  hosts:
    - name: cp1
      address: 192.168.56.11`,
  ["7:7 hosts[0].role: is missing; write control-plane or worker"],
);

test(
  "refuses a missing name and address, placed at the host",
  refusesByShape,
  `
  hosts:
    - role: control-plane`,
  ["7:7 hosts[0].name: is missing", "7:7 hosts[0].address: is missing; write the IPv4 address or DNS name that SSH connects to"],
);

test(
  "refuses a role in other words",
  refusesByShape,
  `
  hosts:
    - { name: cp1, address: 192.168.56.11, role: master }`,
  ["7:50 hosts[0].role: must be control-plane or worker, not master"],
);

test(
  "refuses an empty list of hosts",
  refusesByShape,
  `
  hosts: []`,
  ["6:10 hosts: is empty; name at least one host"],
);

test(
  "refuses a host without any field",
  refusesByShape,
  `
  hosts:
    - { name: cp1, address: 192.168.56.11, role: control-plane }
    -`,
  ["8:6 hosts[1]: has no value; give it one or remove the key"],
);

test(
  "refuses names of hosts that are no names of nodes",
  refusesByShape,
  `
  hosts:
    - { name: Cp_1, address: 192.168.56.11, role: control-plane }
    - { name: w1, nodeName: -w1, address: 192.168.56.21, role: worker }`,
  [
    '7:15 hosts[0].name: "Cp_1" is not a valid DNS name; use lower-case letters, digits and dashes, a letter or digit at both ends, parts joined by dots',
    '8:29 hosts[1].nodeName: "-w1" is not a valid DNS name; use lower-case letters, digits and dashes, a letter or digit at both ends, parts joined by dots',
  ],
);

test(
  "refuses addresses that are neither IPv4 nor a name",
  refusesByShape,
  `
  hosts:
    - { name: cp1, address: 192.168.56.300, role: control-plane }
    - { name: w1, address: "fd00::1", role: worker }
    - { name: w2, address: "vagrant@192.168.56.22:22", role: worker }`,
  [
    '7:29 hosts[0].address: "192.168.56.300" is not an IPv4 address; write it like 192.168.56.11',
    "8:28 hosts[1].address: fd00::1 is IPv6, which kboot cannot do yet; give an IPv4 address or a DNS name",
    '9:28 hosts[2].address: "vagrant@192.168.56.22:22" is neither an IPv4 address nor a DNS name; a port and a user stand under ssh',
  ],
);

test(
  "refuses node addresses that other hosts cannot reach",
  refusesByShape,
  `
  hosts:
    - { name: cp1, address: 192.168.56.11, role: control-plane, nodeAddress: 10.0.2.15 }
    - { name: w1, address: 192.168.56.21, role: worker, nodeAddress: 127.0.0.1 }
    - { name: w2, address: 192.168.56.22, role: worker, nodeAddress: 169.254.1.1 }
    - { name: w3, address: 192.168.56.23, role: worker, nodeAddress: "fd00::1" }
    - { name: w4, address: 192.168.56.24, role: worker, nodeAddress: 224.0.0.1 }
    - { name: w5, address: 192.168.56.25, role: worker, nodeAddress: 0.0.0.0 }
    - { name: w6, address: 192.168.56.26, role: worker, nodeAddress: 192.168.056.26 }`,
  [
    "7:78 hosts[0].nodeAddress: 10.0.2.15 is what VirtualBox and QEMU give to every machine behind NAT; give an address by which the other hosts reach this one",
    "8:70 hosts[1].nodeAddress: 127.0.0.1 is a loopback address; give an address by which the other hosts reach this one",
    "9:70 hosts[2].nodeAddress: 169.254.1.1 is a link-local address; give an address by which the other hosts reach this one",
    "10:70 hosts[3].nodeAddress: fd00::1 is IPv6, which kboot cannot do yet; give an IPv4 address",
    "11:70 hosts[4].nodeAddress: 224.0.0.1 is a multicast address; give an address by which the other hosts reach this one",
    "12:70 hosts[5].nodeAddress: 0.0.0.0 is not the address of a host; give an address by which the other hosts reach this one",
    '13:70 hosts[6].nodeAddress: "192.168.056.26" is not an IPv4 address; write it like 192.168.56.11',
  ],
);

test(
  "refuses subnets that are none, or do not begin at their first address",
  refusesByShape,
  `
  networking: { podSubnet: 10.244.0.0, serviceSubnet: 10.96.0.1/12 }`,
  [
    '6:28 networking.podSubnet: "10.244.0.0" is not an IPv4 subnet; write it like 10.244.0.0/16',
    "6:55 networking.serviceSubnet: 10.96.0.1/12 does not begin at the first address of its network; write 10.96.0.0/12",
  ],
);

test(
  "refuses subnets of IPv6",
  refusesByShape,
  `
  networking: { podSubnet: "fd00:10:244::/56" }`,
  ["6:28 networking.podSubnet: fd00:10:244::/56 is IPv6, which kboot cannot do yet; give an IPv4 subnet such as 10.244.0.0/16"],
);

test(
  "refuses subnets with a prefix length that is none",
  refusesByShape,
  `
  networking: { podSubnet: 10.244.0.0/33, serviceSubnet: 10.96.0.0/012 }`,
  [
    '6:28 networking.podSubnet: "10.244.0.0/33" is not an IPv4 subnet; write it like 10.244.0.0/16',
    '6:58 networking.serviceSubnet: "10.96.0.0/012" is not an IPv4 subnet; write it like 10.244.0.0/16',
  ],
);

test(
  "refuses a DNS domain that is none",
  refusesByShape,
  `
  networking: { dnsDomain: Cluster.local }`,
  [
    '6:28 networking.dnsDomain: "Cluster.local" is not a valid DNS name; use lower-case letters, digits and dashes, a letter or digit at both ends, parts joined by dots',
  ],
);

test(
  "refuses a pod network it does not know",
  refusesByShape,
  `
  network: { plugin: calico }`,
  ["6:22 network.plugin: must be weave-net or flannel or none, not calico"],
);

test(
  "refuses versions and registries that are none",
  refusesByShape,
  `
  network: { version: newest, registry: "https://example.com/" }
  imageRepository: example.com/`,
  [
    '6:23 network.version: "newest" is not a version; write it like 0.26.7',
    '6:41 network.registry: "https://example.com/" is not the beginning of an image name; write it like registry.example.com:5000/team, without scheme and last slash',
    '7:20 imageRepository: "example.com/" is not the beginning of an image name; write it like registry.example.com:5000/team, without scheme and last slash',
  ],
);

test(
  "refuses labels that Kubernetes would refuse or keeps for itself",
  refusesByShape,
  `
  hosts:
    - name: cp1
      address: 192.168.56.11
      role: control-plane
      labels:
        node-role.kubernetes.io/control-plane: ""
        kubernetes.io/hostname: other
        foo.k8s.io/x: y
        -bad: x
        a/b/c: x
        zone: under_
        gpu: true
        cores: 4`,
  [
    '11:9 hosts[0].labels["node-role.kubernetes.io/control-plane"]: this label follows from the host\'s role; set role: control-plane instead',
    '12:9 hosts[0].labels["kubernetes.io/hostname"]: labels of kubernetes.io are Kubernetes\' own; choose a domain of yours, or one of node-role.kubernetes.io, node-restriction.kubernetes.io, topology.kubernetes.io, node.kubernetes.io, kubelet.kubernetes.io',
    '13:9 hosts[0].labels["foo.k8s.io/x"]: labels of foo.k8s.io are Kubernetes\' own; choose a domain of yours, or one of node-role.kubernetes.io, node-restriction.kubernetes.io, topology.kubernetes.io, node.kubernetes.io, kubelet.kubernetes.io',
    '14:9 hosts[0].labels["-bad"]: "-bad" is not a valid key; write it like zone or example.com/zone',
    '15:9 hosts[0].labels["a/b/c"]: "a/b/c" is not a valid key; write it like zone or example.com/zone',
    '16:15 hosts[0].labels.zone: "under_" is not a valid value; use up to 63 letters, digits, dashes, dots and underscores, a letter or digit at both ends',
    "17:14 hosts[0].labels.gpu: must be text, not true; put it in quotes",
    "18:16 hosts[0].labels.cores: must be text, not the number 4; put it in quotes",
  ],
);

test(
  "refuses taints that are none",
  refusesByShape,
  `
  hosts:
    - name: cp1
      address: 192.168.56.11
      role: control-plane
      taints:
        - { key: "", effect: NoRun }
        - { effect: NoSchedule, value: a b }
        - example.com/x:NoSchedule`,
  [
    '11:18 hosts[0].taints[0].key: "" is not a valid key; write it like zone or example.com/zone',
    "11:30 hosts[0].taints[0].effect: must be NoSchedule or PreferNoSchedule or NoExecute, not NoRun",
    "12:11 hosts[0].taints[1].key: is missing",
    '12:40 hosts[0].taints[1].value: "a b" is not a valid value; use up to 63 letters, digits, dashes, dots and underscores, a letter or digit at both ends',
    '13:11 hosts[0].taints[2]: must be a map of fields, not the text "example.com/x:NoSchedule"',
  ],
);

test(
  "refuses names in certificates that are none",
  refusesByShape,
  `
  certSANs: ["*.example.com", api.example.com, 10.0.0.1, "fd00::1", "https://x", 10.0.0.300, "a.*.b"]`,
  [
    '6:69 certSANs[4]: "https://x" is neither an IP address nor a DNS name in lower case, such as api.example.com or *.example.com',
    '6:82 certSANs[5]: "10.0.0.300" is neither an IP address nor a DNS name in lower case, such as api.example.com or *.example.com',
    '6:94 certSANs[6]: "a.*.b" is neither an IP address nor a DNS name in lower case, such as api.example.com or *.example.com',
  ],
);

test(
  "refuses an endpoint that is neither a name nor an address",
  refusesByShape,
  `
  apiEndpoint: { host: "https://api.example.com:6443", port: 70000 }`,
  [
    '6:24 apiEndpoint.host: "https://api.example.com:6443" is neither an IPv4 address nor a DNS name in lower case; a port stands in apiEndpoint.port',
    "6:62 apiEndpoint.port: must be a whole number from 1 to 65535, not 70000",
  ],
);

test(
  "refuses names of arguments with dashes, and values that are none",
  refusesByShape,
  `
  extraArgs:
    apiServer:
      --v: 4
      -audit-log-path: x
      "a b": x
      v: {}`,
  [
    '8:7 extraArgs.apiServer["--v"]: write v: the dashes are added',
    '9:7 extraArgs.apiServer["-audit-log-path"]: write audit-log-path: the dashes are added',
    '10:7 extraArgs.apiServer["a b"]: "a b" is not the name of an argument; write it like v or audit-log-path',
    "11:10 extraArgs.apiServer.v: must be text, a number, true, false, or a list of these",
  ],
);

test(
  "refuses ports and times out of range",
  refusesByShape,
  `
  apiEndpoint: { port: 0 }
  ssh: { port: "22", connectTimeoutSeconds: 1.5 }`,
  [
    "6:24 apiEndpoint.port: must be a whole number from 1 to 65535, not 0",
    '7:16 ssh.port: must be a whole number, not the text "22"',
    "7:45 ssh.connectTimeoutSeconds: must be a whole number from 1 to 600, not 1.5",
  ],
);

test(
  "refuses users that are none, and paths with variables or other users",
  refusesByShape,
  `
  ssh: { user: "", identityFiles: ["$HOME/key", "~other/key"], knownHostsFile: "" }`,
  [
    '6:16 ssh.user: "" is not the name of a user',
    "6:36 ssh.identityFiles[0]: $HOME/key names a variable, and those are not expanded; write the path out, ~/ for the home folder",
    "6:49 ssh.identityFiles[1]: ~other/key begins with a user's name; of ~ only ~/ is expanded",
    "6:80 ssh.knownHostsFile: is empty; give a path",
  ],
);

test(
  "refuses sources that are none",
  refusesByShape,
  `
  sources: [upstream, bundle, { bundel: /x }, { bundle: $HOME/x }, { bundle: /x, sha256: y }, { mirror: ftp://x }, { registry: 'http://x' }]`,
  [
    "6:23 sources[1]: is not a source; write upstream, bundle: and a directory, mirror: and a URL, or registry: and an address",
    "6:31 sources[2]: is not a source; write upstream, bundle: and a directory, mirror: and a URL, or registry: and an address",
    "6:57 sources[3].bundle: $HOME/x names a variable, and those are not expanded; write the path out, ~/ for the home folder",
    "6:82 sources[4].sha256: there is no such field; those here are bundle",
    '6:105 sources[5].mirror: "ftp://x" is not the URL of a folder; write it like https://mirror.example.com/kboot',
    '6:128 sources[6].registry: "http://x" is not the beginning of an image name; write it like registry.example.com:5000/team, without scheme and last slash',
  ],
);

test(
  "refuses an ignored check that has no name",
  refusesByShape,
  `
  ignoreChecks: ["", 3]`,
  ["6:18 ignoreChecks[0]: is empty", "6:22 ignoreChecks[1]: must be text, not the number 3; put it in quotes"],
);

test(
  "refuses algorithms it does not know, and validities without end",
  refusesByShape,
  `
  pki: { caCertificateValidityDays: 36501, encryptionAlgorithm: RSA-1024 }
`,
  [
    "6:37 pki.caCertificateValidityDays: must be a whole number from 1 to 36500, not 36501",
    "6:65 pki.encryptionAlgorithm: must be RSA-2048 or RSA-3072 or RSA-4096 or ECDSA-P256 or ECDSA-P384, not RSA-1024",
  ],
);

const version = test.macro({
  title: (_, version: string) => `refuses Kubernetes ${version}`,
  exec(t, version: string, message: string) {
    t.deepEqual(problemsOf(inventory().replace("1.36.3", version)), [`5:22 kubernetesVersion: ${message}`]);
  },
});

test(version, "1.33.9", "Kubernetes 1.33 is not supported; choose a version of 1.34, 1.35, 1.36, 1.37");
test(version, "1.38.0", "Kubernetes 1.38 is not supported; choose a version of 1.34, 1.35, 1.36, 1.37");
test(version, "1.36", '"1.36" is not a version of Kubernetes; write it like 1.36.3');
test(version, "1.36.3-rc.1", '"1.36.3-rc.1" is not a version of Kubernetes; write it like 1.36.3');
test(version, "stable", '"stable" is not a version of Kubernetes; write it like 1.36.3');

test("refuses another kind of file, and a name that is none", (t) => {
  const text = inventory().replace("v1alpha1", "v1").replace("kind: Cluster", "kind: Config").replace("name: lab", "name: my.lab");
  t.deepEqual(problemsOf(text), [
    "1:13 apiVersion: must be kboot.dev/v1alpha1, not kboot.dev/v1",
    "2:7 kind: must be Cluster, not Config",
    '3:19 metadata.name: "my.lab" is not a valid name; use lower-case letters, digits and dashes, a letter or digit at both ends, at most 63 characters',
  ]);
});

test(
  "takes labels that operators set by custom",
  takes,
  `
  hosts:
    - name: cp1
      address: 192.168.56.11
      role: control-plane
      labels:
        node-role.kubernetes.io/edge: ""
        topology.kubernetes.io/zone: a
        example.com/rack: "12"
        disk: ssd
`,
);

test(
  "takes whatever a judge likes, so no pattern may be narrower than it",
  takes,
  `
  apiEndpoint: { host: 192.168.56.9 }
  certSANs: ["*.example.com", api.example.com, 10.0.0.1, "fd00::1", "FD00::A", "::ffff:10.0.0.1"]
  network: { version: v2.9.0-rc.1, registry: "localhost:5000/a/b_c--d" }
  ssh: { user: "DOM\\\\me", identityFiles: ["~", ~/key, ./a b, ../~x], knownHostsFile: "~/" }
  extraArgs: { etcd: { V: [1, true, "x"], feature-gates: "" } }
  hosts:
    - { name: cp1.example.com, address: Gate_1.example.com, role: control-plane, nodeAddress: 192.168.56.11 }
    - { name: w1, transport: local, role: worker, taints: [{ key: a.b/C_d.e, effect: NoExecute, value: "" }] }`,
);

for (const spec of [
  "  networking: { podSubnet: 999.0.0.0/16 }",
  "  network: { metricsAddress: 1.2.3.4:99999 }",
  "  network: { metricsAddress: 999.2.3.4:99 }",
  "  network: { exposeAddress: nope }",
]) {
  test(`an editor refuses what cannot be an address or a port: ${spec.trim()}`, (t) => {
    t.is(problemsOf(inventory(spec)).length, 1);
    t.false(schemaTakes(inventory(spec)));
  });
}

test("an editor refuses a version of Kubernetes that kboot does not know", (t) => {
  const text = inventory().replace("1.36.3", "1.33.1");
  t.is(problemsOf(text).length, 1);
  t.false(schemaTakes(text));
});
