import test from "ava";
import fc from "fast-check";
import { KbootError } from "../../src/errors.ts";
import type { HostAddress } from "../../src/host/facts.ts";
import type { Cluster } from "../../src/inventory/cluster.ts";
import { type AddressFacts, chooseNodeAddresses, judgeNodeAddresses } from "../../src/inventory/node-address.ts";
import { parseInventory } from "../../src/inventory/parse.ts";
import { unusable } from "../../src/inventory/subnet.ts";
import { inventory } from "./refuses.ts";

interface Machine {
  readonly address: string;
  readonly nodeAddress?: string | undefined;
  /** Like `eth0 192.168.56.11/24`. Undefined: not reached. */
  readonly has?: readonly string[];
}

function clusterOf(machines: readonly Machine[]): Cluster {
  const hosts = machines.map(({ address, nodeAddress }, index) => {
    const fixed = nodeAddress === undefined ? "" : `, nodeAddress: ${nodeAddress}`;
    return `    - { name: h${index}, role: control-plane, address: ${address}${fixed} }`;
  });
  const { cluster, problems } = parseInventory(inventory(`  hosts:\n${hosts.join("\n")}`), { file: "/lab.yaml", home: "/home/me" });
  if (cluster === undefined) throw new Error(JSON.stringify(problems));
  return cluster;
}

function addressOf(text: string): HostAddress {
  const [device = "", cidr = ""] = text.split(" ");
  const [address = "", length] = cidr.split("/");
  return { device, address, prefixLength: Number(length), family: address.includes(":") ? "inet6" : "inet" };
}

function factsOf(machines: readonly Machine[]): ReadonlyMap<string, AddressFacts> {
  return new Map(machines.flatMap(({ has }, index) => (has === undefined ? [] : [[`h${index}`, { addresses: has.map(addressOf) }]])));
}

function judge(...machines: readonly Machine[]) {
  const { addresses, problems } = judgeNodeAddresses(clusterOf(machines), factsOf(machines));
  return {
    addresses: machines.map((_, index) => addresses.get(`h${index}`)),
    problems: problems.map(({ host, message }) => `${host}: ${message}`),
  };
}

const lo = "lo 127.0.0.1/8";
const nat = "eth0 10.0.2.15/24";

test("takes the address that SSH connects to when the host has it, beside VirtualBox's NAT", (t) => {
  t.deepEqual(
    judge(
      { address: "192.168.56.11", has: [lo, nat, "eth1 192.168.56.11/24", "eth2 10.1.0.1/24"] },
      { address: "192.168.56.21", has: [lo, nat, "eth1 192.168.56.21/24", "eth2 10.1.0.2/24"] },
    ),
    { addresses: ["192.168.56.11", "192.168.56.21"], problems: [] },
  );
});

test("takes the subnet that all hosts share when SSH goes by names or forwarded ports", (t) => {
  t.deepEqual(
    judge(
      { address: "cp1.example.com", has: [nat, "eth1 192.168.56.11/24", "eth2 10.9.0.1/24"] },
      { address: "203.0.113.7", has: [nat, "eth1 192.168.56.21/24", "eth2 10.8.0.1/24"] },
    ),
    { addresses: ["192.168.56.11", "192.168.56.21"], problems: [] },
  );
});

test("follows the hosts whose address is certain when several subnets are shared", (t) => {
  t.deepEqual(
    judge(
      { address: "10.1.0.1", has: ["eth0 10.1.0.1/24", "eth1 10.2.0.1/24"] },
      { address: "b.example.com", has: ["eth0 10.1.0.2/24", "eth1 10.2.0.2/24"] },
      { address: "c.example.com", nodeAddress: "10.1.0.3", has: ["eth0 10.1.0.3/24", "eth1 10.2.0.3/24"] },
    ),
    { addresses: ["10.1.0.1", "10.1.0.2", "10.1.0.3"], problems: [] },
  );
});

test("takes the only address of a host in a routed network", (t) => {
  t.deepEqual(
    judge({ address: "a.example.com", has: ["eth0 203.0.113.5/32"] }, { address: "b.example.com", has: ["eth0 198.51.100.5/32", lo] }),
    { addresses: ["203.0.113.5", "198.51.100.5"], problems: [] },
  );
});

test("lets the inventory decide, also for hosts that were not reached", (t) => {
  t.deepEqual(
    judge(
      { address: "10.1.0.1", nodeAddress: "10.2.0.1", has: ["eth0 10.1.0.1/24", "eth1 10.2.0.1/24"] },
      { address: "10.1.0.2", nodeAddress: "10.2.0.2" },
      { address: "10.1.0.3" },
    ),
    { addresses: ["10.2.0.1", "10.2.0.2", undefined], problems: [] },
  );
});

test("names the candidates when more than one address could be meant", (t) => {
  t.deepEqual(
    judge({ address: "a.example.com", has: ["eth0 10.1.0.1/24", "eth1 10.2.0.1/24"] }, { address: "10.1.0.2", has: ["eth0 10.3.0.2/24"] }),
    {
      addresses: [undefined, "10.3.0.2"],
      problems: ["h0: more than one address could be the node's: 10.1.0.1 (eth0), 10.2.0.1 (eth1)"],
    },
  );
});

test("names only the candidates in shared subnets", (t) => {
  t.deepEqual(
    judge(
      { address: "a.example.com", has: ["eth0 10.1.0.1/24", "eth1 10.2.0.1/24", "eth2 10.9.0.1/24"] },
      { address: "b.example.com", has: ["eth0 10.1.0.2/24", "eth1 10.2.0.2/24", "eth2 10.8.0.1/24"] },
    ).problems,
    [
      "h0: more than one address could be the node's: 10.1.0.1 (eth0), 10.2.0.1 (eth1)",
      "h1: more than one address could be the node's: 10.1.0.2 (eth0), 10.2.0.2 (eth1)",
    ],
  );
});

test("refuses a nodeAddress that the host does not have", (t) => {
  t.deepEqual(judge({ address: "10.1.0.1", nodeAddress: "10.2.0.9", has: ["eth0 10.1.0.1/24", "eth1 10.2.0.1/24", "eth0 fd00::1/64"] }), {
    addresses: [undefined],
    problems: ["h0: the host does not have its nodeAddress 10.2.0.9; it has 10.1.0.1 (eth0), 10.2.0.1 (eth1)"],
  });
});

test("says so when a host has only NAT's address", (t) => {
  t.deepEqual(judge({ address: "gate.example.com", has: [lo, nat] }), {
    addresses: [undefined],
    problems: ["h0: the host has no IPv4 address of its own by which other hosts can reach it"],
  });
});

const devices = [
  "docker0",
  "br-0123456789ab",
  "cni0",
  "flannel.1",
  "weave",
  "vethwe-bridge",
  "veth12ab",
  "cali1234",
  "kube-ipvs0",
  "virbr0",
  "nodelocaldns",
];
for (const device of devices) {
  test(`looks past the address of ${device}`, (t) => {
    t.deepEqual(judge({ address: "a.example.com", has: [`${device} 10.244.0.1/24`, "enp1s0 10.1.0.1/24"] }).addresses, ["10.1.0.1"]);
  });
}

test("gives the engine a map, or throws one error for all hosts", (t) => {
  const good: readonly Machine[] = [{ address: "10.1.0.1", has: ["eth0 10.1.0.1/24"] }];
  t.deepEqual([...chooseNodeAddresses(clusterOf(good), factsOf(good))], [["h0", "10.1.0.1"]]);
  const bad: readonly Machine[] = [
    { address: "a.example.com", has: [nat] },
    { address: "b.example.com", has: [nat] },
  ];
  const error = t.throws(() => chooseNodeAddresses(clusterOf(bad), factsOf(bad)), { instanceOf: KbootError });
  t.is(error?.code, "check");
  t.deepEqual(
    error?.message.split("\n").map((line) => line.slice(0, 6)),
    ["h0: th", "h1: th"],
  );
  t.deepEqual(error?.where, { file: "/lab.yaml" });
  t.truthy(error?.hint);
});

test("names the host in the error when it is one", (t) => {
  const machines: readonly Machine[] = [{ address: "a.example.com", has: [nat] }];
  const error = t.throws(() => chooseNodeAddresses(clusterOf(machines), factsOf(machines)), { instanceOf: KbootError });
  t.deepEqual(error?.where, { file: "/lab.yaml", host: "h0" });
  t.is(error?.message, "the host has no IPv4 address of its own by which other hosts can reach it");
});

/** Addresses from a small space, so that hosts often share subnets and addresses. */
const has = fc.uniqueArray(
  fc.oneof(
    fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 6 })).map(([net, host]) => `eth${net} 10.1.${net}.${host}/24`),
    fc.constantFrom(lo, nat, "docker0 172.17.0.1/16", "cni0 10.244.0.1/24", "eth0 fe80::1/64", "eth9 169.254.3.4/16"),
  ),
  { maxLength: 5 },
);
const machines = fc.array(fc.record({ has, ssh: fc.nat(), reached: fc.boolean() }), { minLength: 1, maxLength: 5 }).map((all) =>
  all.map(({ has: own, ssh, reached }, index): Machine => {
    const ipv4 = own.map((text) => addressOf(text).address).filter((address) => address.startsWith("10.1."));
    // a name instead, where SSH's own address would be another host's too
    const address = ssh % 2 === 0 && ipv4.length > 0 ? ipv4[ssh % ipv4.length] : undefined;
    const isTaken = all.some((other, at) => at < index && other.has.some((text) => addressOf(text).address === address));
    return { address: address === undefined || isTaken ? `h${index}.example.com` : address, ...(reached ? { has: own } : {}) };
  }),
);

test("whatever the hosts have, a chosen address is the host's own, no other host's, and fit for a node", (t) => {
  let chosen = 0;
  fc.assert(
    fc.property(machines, (all) => {
      const facts = factsOf(all);
      const { addresses } = judgeNodeAddresses(clusterOf(all), facts);
      chosen += addresses.size;
      return [...addresses].every(([name, address]) => {
        const owners = [...facts].filter(([, own]) => own.addresses.some((one) => one.address === address)).map(([host]) => host);
        return owners.length === 1 && owners[0] === name && unusable(address) === undefined && address.startsWith("10.1.");
      });
    }),
    { seed: 11 },
  );
  t.true(chosen > 50);
});

test("every reached host has an address or a problem, never both, and the order of hosts does not matter", (t) => {
  fc.assert(
    fc.property(machines, (all) => {
      const cluster = clusterOf(all);
      const facts = factsOf(all);
      const { addresses, problems } = judgeNodeAddresses(cluster, facts);
      const turned = judgeNodeAddresses({ ...cluster, hosts: cluster.hosts.toReversed() }, new Map([...facts].toReversed()));
      const complete = [...facts.keys()].every((name) => addresses.has(name) !== problems.some(({ host }) => host === name));
      const same = [...facts.keys()].every((name) => addresses.get(name) === turned.addresses.get(name));
      return complete && same && problems.length + addresses.size === facts.size;
    }),
  );
  t.pass();
});
