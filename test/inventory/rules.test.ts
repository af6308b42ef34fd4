import test from "ava";
import { clusterPlace } from "../../src/engine/contracts.ts";
import { inventory, problemsOf, refusesByRule, refusesByShape } from "./refuses.ts";

test(
  "refuses a port of the API server that another part of a control plane has",
  refusesByRule,
  `
  apiEndpoint: { bindPort: 10250 }`,
  ["6:28 apiEndpoint.bindPort: 10250 is the port of the kubelet on each control plane; choose another"],
);

test(
  "refuses a list of hosts without a control plane",
  refusesByRule,
  `
  hosts:
    - { name: w1, address: 192.168.56.21, role: worker }`,
  ["7:5 hosts: no host is a control plane; give at least one role: control-plane"],
);

test(
  "refuses names, addresses, node names and node addresses that two hosts share",
  refusesByRule,
  `
  hosts:
    - { name: cp1, address: 192.168.56.11, role: control-plane, nodeAddress: 10.0.0.1 }
    - { name: cp1, address: 192.168.56.11, role: worker, nodeAddress: 10.0.0.1 }
    - { name: w2, nodeName: cp1, address: 192.168.56.22, role: worker }`,
  [
    "8:15 hosts[1].name: the name cp1 is also that of hosts[0]; each host needs its own",
    "8:29 hosts[1].address: the address 192.168.56.11 is also that of hosts[0]; each host needs its own",
    "8:71 hosts[1].nodeAddress: the node address 10.0.0.1 is also that of hosts[0]; each host needs its own",
    "9:29 hosts[2].nodeName: the node name cp1 is also that of hosts[0]; each host needs its own",
  ],
);

test(
  "refuses the same address and port, whatever the case of a name",
  refusesByRule,
  `
  hosts:
    - { name: cp1, address: Gate, role: control-plane, ssh: { port: 2201 } }
    - { name: w1, address: gate, role: worker, ssh: { port: 2201 } }
    - { name: w2, address: gate, role: worker, ssh: { port: 2202 } }`,
  ["8:28 hosts[1].address: the address gate:2201 is also that of hosts[0]; each host needs its own"],
);

test(
  "refuses the name that stands for the cluster's API",
  refusesByRule,
  `
  hosts:
    - { name: cluster, address: 192.168.56.11, role: control-plane }`,
  ["7:15 hosts[0].name: cluster stands for the cluster's API; choose another name"],
);

test(
  "refuses a second local machine, and SSH settings of the first",
  refusesByRule,
  `
  hosts:
    - { name: cp1, transport: local, role: control-plane, ssh: { port: 23 } }
    - { name: w1, transport: local, role: worker }`,
  [
    "7:64 hosts[0].ssh: has no effect with transport: local; remove it",
    "8:30 hosts[1].transport: hosts[0] is the local machine already; reach this host over ssh",
  ],
);

test(
  "refuses subnets that overlap each other",
  refusesByRule,
  `
  networking: { podSubnet: 10.96.0.0/16, serviceSubnet: 10.96.0.0/12 }`,
  ["6:57 networking.serviceSubnet: 10.96.0.0/12 overlaps podSubnet 10.96.0.0/16; choose subnets that have no address in common"],
);

test(
  "refuses a pod subnet that overlaps the service subnet nobody wrote",
  refusesByRule,
  `
  networking:
    podSubnet: 10.100.0.0/16`,
  ["7:16 networking.podSubnet: 10.100.0.0/16 overlaps serviceSubnet 10.96.0.0/12; choose subnets that have no address in common"],
);

test(
  "refuses a service subnet larger than the API server takes",
  refusesByRule,
  `
  networking: { podSubnet: 172.16.0.0/16, serviceSubnet: 10.0.0.0/11 }`,
  ["6:58 networking.serviceSubnet: 10.0.0.0/11 is larger than the API server takes; choose /12 or smaller"],
);

test(
  "refuses a service subnet without room for the cluster's DNS",
  refusesByRule,
  `
  networking: { serviceSubnet: 10.96.0.0/29 }`,
  ["6:32 networking.serviceSubnet: 10.96.0.0/29 has no tenth address, which is the cluster's DNS; choose /28 or larger"],
);

test(
  "refuses hosts and an endpoint inside a subnet of the cluster",
  refusesByRule,
  `
  apiEndpoint: { host: 10.96.0.5 }
  hosts:
    - { name: cp1, address: 10.244.3.4, role: control-plane }
    - { name: w1, address: 192.168.56.21, nodeAddress: 10.100.0.9, role: worker }`,
  [
    "6:24 apiEndpoint.host: 10.96.0.5 lies in serviceSubnet 10.96.0.0/12; choose another subnet in networking.serviceSubnet",
    "8:29 hosts[0].address: 10.244.3.4 lies in podSubnet 10.244.0.0/16; choose another subnet in networking.podSubnet",
    "9:56 hosts[1].nodeAddress: 10.100.0.9 lies in serviceSubnet 10.96.0.0/12; choose another subnet in networking.serviceSubnet",
  ],
);

test(
  "refuses a pod subnet smaller than one node's part",
  refusesByRule,
  `
  network: { plugin: weave-net }
  networking: { podSubnet: 10.244.0.0/25 }`,
  ["7:28 networking.podSubnet: 10.244.0.0/25 is smaller than the /24 that each node gets of it; choose a larger one"],
);

test(
  "refuses a pod subnet with too many parts",
  refusesByRule,
  `
  networking: { podSubnet: 10.0.0.0/7, serviceSubnet: 192.168.0.0/24 }`,
  ["6:28 networking.podSubnet: 10.0.0.0/7 has more than 65536 parts of /24, one for each node; choose /8 or smaller"],
);

test(
  "refuses a pod subnet without a part for each host of Flannel",
  refusesByRule,
  `
  network: { plugin: flannel }
  networking: { podSubnet: 10.244.0.0/24 }
  hosts:
    - { name: cp1, address: 192.168.56.11, role: control-plane }
    - { name: w1, address: 192.168.56.21, role: worker }`,
  ["7:28 networking.podSubnet: 10.244.0.0/24 has a /24 for 1 of 2 hosts; choose a larger one"],
);

test(
  "judges the pod subnet by the parts that the controller manager was told",
  refusesByRule,
  `
  extraArgs: { controllerManager: { node-cidr-mask-size: 20 } }
  networking: { podSubnet: 10.244.0.0/21 }`,
  ["7:28 networking.podSubnet: 10.244.0.0/21 is smaller than the /20 that each node gets of it; choose a larger one"],
);

test(
  "refuses taints that repeat",
  refusesByRule,
  `
  hosts:
    - name: cp1
      address: 192.168.56.11
      role: control-plane
      taints:
        - { key: example.com/x, effect: NoSchedule }
        - { key: example.com/x, effect: NoExecute }
        - { key: example.com/x, effect: NoSchedule, value: y }`,
  ["13:11 hosts[0].taints[2]: example.com/x with effect NoSchedule is there twice; keep one"],
);

test(
  "refuses certificates that outlive the CA nobody wrote of",
  refusesByRule,
  `
  pki: { certificateValidityDays: 4000 }`,
  [
    "6:35 pki.certificateValidityDays: certificates of 4000 days would outlive their CA of 3650; choose fewer days, or a larger caCertificateValidityDays",
  ],
);

test(
  "reports a mistake between hosts beside one within a host",
  refusesByShape,
  `
  networking: { podSubnet: 192.168.56.0/24 }
  hosts:
    - { name: cp1, address: 192.168.56.11, role: control-plane }
    - { name: cp1, address: 192.168.57.21, role: workr }
    - { name: cp1, address: 192.168.57.22, role: worker }`,
  [
    "8:29 hosts[0].address: 192.168.56.11 lies in podSubnet 192.168.56.0/24; choose another subnet in networking.podSubnet",
    "9:15 hosts[1].name: the name cp1 is also that of hosts[0]; each host needs its own",
    "9:50 hosts[1].role: must be control-plane or worker, not workr; did you mean worker",
    "10:15 hosts[2].name: the name cp1 is also that of hosts[0]; each host needs its own",
  ],
);

test("keeps hosts from every name of a place that is no host", (t) => {
  const hosts = `  hosts: [{ name: ${clusterPlace}, address: 192.168.56.11, role: control-plane }]`;
  t.regex(problemsOf(inventory(hosts)).join(), /^6:19 hosts\[0\]\.name: /);
});

test(
  "refuses the name of a package where none is used, and one that cannot be",
  refusesByShape,
  `
  containerRuntime: { from: sources, package: containerd }
  hosts:
    - { name: cp1, address: 192.168.56.11, role: control-plane, containerRuntime: { from: package, package: "containerd io" } }`,
  [
    "6:38 containerRuntime.package: has no meaning with from: sources; remove it, or write from: package",
    '8:109 hosts[0].containerRuntime.package: "containerd io" is not the name of a package; write it like containerd.io',
  ],
);

test(
  "tells what is wrong between hosts also while each has a mistake of its own",
  refusesByShape,
  `
  hosts:
    - { name: a, address: 10.244.0.5, role: worker, labels: 1 }
    - { name: a, address: 10.244.0.5, role: worker, taints: 1 }`,
  [
    "7:5 hosts: no host is a control plane; give at least one role: control-plane",
    "7:27 hosts[0].address: 10.244.0.5 lies in podSubnet 10.244.0.0/16; choose another subnet in networking.podSubnet",
    "7:61 hosts[0].labels: must be a map, not 1",
    "8:15 hosts[1].name: the name a is also that of hosts[0]; each host needs its own",
    "8:27 hosts[1].address: the address 10.244.0.5 is also that of hosts[0]; each host needs its own",
    "8:27 hosts[1].address: 10.244.0.5 lies in podSubnet 10.244.0.0/16; choose another subnet in networking.podSubnet",
    "8:61 hosts[1].taints: must be a list, not 1",
  ],
);
