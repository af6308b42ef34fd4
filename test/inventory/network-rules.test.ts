import test from "ava";
import { refusesByRule, refusesByShape } from "./refuses.ts";

const twoHosts = `
  hosts:
    - { name: cp1, address: 192.168.56.11, role: control-plane }
    - { name: w1, address: 192.168.56.21, role: worker }`;

const cases: readonly (readonly [title: string, spec: string, expected: readonly string[]])[] = [
  [
    "options of another pod network",
    "  network: { plugin: flannel, mtu: 1400 }",
    ["6:31 network.mtu: has no meaning with plugin: flannel; remove it"],
  ],
  [
    "Flannel's option for the default network",
    "  network: { backend: vxlan }",
    ["6:14 network.backend: has no meaning with plugin: weave-net; remove it"],
  ],
  [
    "every option when there is no pod network",
    "  network: { plugin: none, version: 1.2.3 }",
    ["6:28 network.version: has no meaning with plugin: none; remove it"],
  ],
  [
    "a range of IPv6",
    "  networking: { podSubnet: fd00::/64 }",
    ["6:28 networking.podSubnet: fd00::/64 is IPv6, which kboot cannot do yet; give an IPv4 subnet such as 10.244.0.0/16"],
  ],
  [
    "IPv6 in Weave Net's own options",
    '  network: { trustedSubnets: ["fd00::/64"], peers: ["fd00::1"], exposeAddress: "fd00::1/64" }',
    [
      "6:31 network.trustedSubnets[0]: fd00::/64 is IPv6, which kboot cannot do yet; give an IPv4 subnet such as 10.244.0.0/16",
      "6:53 network.peers[0]: fd00::1 is IPv6, which kboot cannot do yet; give an IPv4 address or a DNS name",
      "6:80 network.exposeAddress: fd00::1/64 is IPv6, which kboot cannot do yet; give an IPv4 address such as 10.244.0.1/16",
    ],
  ],
  [
    "a range that overlaps the services",
    "  network: { plugin: weave-net }\n  networking: { podSubnet: 10.96.0.0/16 }",
    ["7:28 networking.podSubnet: 10.96.0.0/16 overlaps serviceSubnet 10.96.0.0/12; choose subnets that have no address in common"],
  ],
  [
    "values of another shape",
    "  network: { encryption: yes, mtu: 9, ipallocInit: all, httpAddress: localhost:6784, metricsAddress: 0.0.0.0, statusAddress: 10.0.0.1:70000, connectionLimit: 0, iptablesBackend: ebpf }",
    [
      '6:26 network.encryption: must be true or false, not the text "yes"',
      "6:36 network.mtu: must be a whole number from 576 to 65535, not 9",
      '6:52 network.ipallocInit: "all" is not known; write consensus=3, seed= and the names of peers, or observer',
      '6:70 network.httpAddress: "localhost:6784" is not an IPv4 address with a port; write it like 0.0.0.0:6782',
      '6:102 network.metricsAddress: "0.0.0.0" is not an IPv4 address with a port; write it like 0.0.0.0:6782',
      '6:126 network.statusAddress: "10.0.0.1:70000" is not an IPv4 address with a port; write it like 0.0.0.0:6782',
      "6:159 network.connectionLimit: must be a whole number from 1 to 65535, not 0",
      "6:179 network.iptablesBackend: must be nft or legacy, not ebpf",
    ],
  ],
  [
    "a password or trusted subnets without encryption",
    "  network: { encryption: false, passwordFile: ./weave, trustedSubnets: [10.0.0.0/24] }",
    [
      "6:33 network.passwordFile: has no effect with encryption: false; remove it",
      "6:56 network.trustedSubnets: has no effect with encryption: false; remove it",
    ],
  ],
  [
    "arguments of weave-npc that does not run",
    "  network: { networkPolicy: false, policyExtraArgs: { allow-mcast: false } }",
    ["6:36 network.policyExtraArgs: has no effect with networkPolicy: false; remove it"],
  ],
  [
    "the old iptables for a weave-npc that ignores it",
    "  network: { iptablesBackend: legacy }",
    ["6:31 network.iptablesBackend: weave-npc of 2.9.0 cannot use legacy; choose nft, networkPolicy: false, or a version before 2.9.0"],
  ],
  ["nothing of the old iptables where it works", "  network: { iptablesBackend: legacy, version: 2.8.10 }", []],
  ["nothing of the old iptables without weave-npc", "  network: { iptablesBackend: legacy, networkPolicy: false }", []],
  [
    "debugging of a version that cannot",
    "  network: { debug: true, version: 2.8.1 }",
    ["6:21 network.debug: Weave Net 2.8.1 does not know it; choose version 2.8.4 or newer"],
  ],
  [
    "a control API for everyone",
    "  network: { httpAddress: 0.0.0.0:6784 }",
    ["6:27 network.httpAddress: whoever reaches 0.0.0.0:6784 controls the network, without a password; give a loopback address"],
  ],
  [
    "ports that are used twice",
    "  network: { httpAddress: 127.0.0.1:6782, statusAddress: 0.0.0.0:6783 }",
    [
      "6:27 network.httpAddress: port 6782 is that of metricsAddress; choose another",
      "6:58 network.statusAddress: port 6783 is that of the mesh; choose another",
    ],
  ],
  [
    "a port of weave-npc's",
    "  network: { metricsAddress: 0.0.0.0:6781 }",
    ["6:30 network.metricsAddress: port 6781 is that of weave-npc's metrics; choose another"],
  ],
  [
    "a port for weave-npc that weaver has",
    '  network: { policyExtraArgs: { metrics-addr: ":6782" } }',
    ['6:47 network.policyExtraArgs["metrics-addr"]: port 6782 is that of metricsAddress; choose another'],
  ],
  [
    "a version that is older than the last of its makers",
    "  network: { version: 2.7.0 }",
    ["6:23 network.version: Weave Net 2.7.0 is older than kboot can install; choose 2.8.1 or newer"],
  ],
  [
    "fewer connections than a node has peers",
    `  network: { connectionLimit: 1 }
  hosts:
    - { name: cp1, address: 192.168.56.11, role: control-plane }
    - { name: w1, address: 192.168.56.21, role: worker }
    - { name: w2, address: 192.168.56.22, role: worker }`,
    ["6:31 network.connectionLimit: each node connects to 2 others, and 1 leave some out; choose 2 or more"],
  ],
  [
    "an agreement that cannot be reached",
    `  network: { ipallocInit: consensus=5 }${twoHosts}`,
    ["6:27 network.ipallocInit: 3 of 5 peers have to agree, and there are 2; choose consensus=2"],
  ],
  [
    "one address for the bridge of every node",
    `  network: { exposeAddress: 10.244.0.1/16 }${twoHosts}`,
    ["6:29 network.exposeAddress: every one of 2 nodes would have it; leave it to Weave Net"],
  ],
  [
    "an address for the bridge from elsewhere",
    "  network: { exposeAddress: 10.32.0.1/12 }",
    ["6:29 network.exposeAddress: 10.32.0.1/12 is not in podSubnet 10.244.0.0/16, which Weave Net allocates from"],
  ],
  [
    "an address for the bridge without its network",
    "  network: { exposeAddress: 10.244.0.1 }",
    ['6:29 network.exposeAddress: "10.244.0.1" is not an IPv4 address with a prefix length; write it like 10.244.0.1/16'],
  ],
  [
    "arguments that have options of their own, the password above all",
    "  network: { extraArgs: { mtu: 1400, password: secret, port: 1 } }",
    [
      "6:27 network.extraArgs.mtu: must not be set here; set mtu",
      "6:38 network.extraArgs.password: must not be set here; set passwordFile: what stands here can be read by everyone",
      "6:56 network.extraArgs.port: must not be set here; kboot sets it",
    ],
  ],
  [
    "arguments that a shell would take apart",
    '  network: { extraArgs: { token: a b }, policyExtraArgs: { node-name: "$(HOSTNAME)" } }',
    [
      "6:34 network.extraArgs.token: blanks, *, ?, [, ], \\ and $ do not reach the program as they are; leave them out",
      '6:71 network.policyExtraArgs["node-name"]: blanks, *, ?, [, ], \\ and $ do not reach the program as they are; leave them out',
    ],
  ],
  [
    "a kube-proxy that hides the senders from policies",
    "  kubeProxy: { iptables: { masqueradeAll: true } }",
    [
      "6:43 kubeProxy.iptables.masqueradeAll: hides the senders by which Weave Net's policies judge; remove it, or set network.networkPolicy: false",
    ],
  ],
  ["nothing of it without policies", "  kubeProxy: { iptables: { masqueradeAll: true } }\n  network: { networkPolicy: false }", []],
];

/** What an editor refuses too, by the JSON Schema. */
const byShape: readonly string[] = [
  "a range of IPv6",
  "IPv6 in Weave Net's own options",
  "values of another shape",
  "an address for the bridge without its network",
];

for (const [title, spec, expected] of cases)
  test(`refuses ${title}`, byShape.includes(title) ? refusesByShape : refusesByRule, spec, expected);
