import { KbootError } from "../errors.ts";
import type { Facts, HostAddress } from "../host/facts.ts";
import type { Cluster, ClusterHost } from "./cluster.ts";
import { contains, networkOf, unusable } from "./subnet.ts";

/** Facts that decide about a host's address as a node. */
export type AddressFacts = Pick<Facts, "addresses">;

/** Why a host has no address as a node, and what to do. */
export interface AddressProblem {
  readonly host: string;
  readonly message: string;
  readonly hint: string;
}

export interface NodeAddresses {
  /** By host name; hosts with a problem, or neither facts nor `nodeAddress`, are not in it. */
  readonly addresses: ReadonlyMap<string, string>;
  readonly problems: readonly AddressProblem[];
}

/** Devices of containers, pod networks and kube-proxy, whose addresses mean nothing to other hosts. */
const inner =
  /^(lo$|docker|br-[0-9a-f]{12}$|podman|virbr|lxcbr|lxdbr|cni|flannel|weave|vethwe|veth|vxlan-|datapath$|cali|vxlan\.calico$|tunl|cilium|lxc_|kube-|dummy|nodelocaldns$)/;

/**
 * The address of every host as a node: the inventory's `nodeAddress`; else the one that SSH connects to, if it is the
 * host's own; else its only address in a subnet that all hosts share; else its only address. Never an address that
 * several hosts have. Pure.
 */
export function judgeNodeAddresses(cluster: Cluster, facts: ReadonlyMap<string, AddressFacts>): NodeAddresses {
  const candidates = listCandidates(cluster, facts);
  const addresses = new Map<string, string>();
  const problems: AddressProblem[] = [];
  for (const host of cluster.hosts) {
    const own = facts.get(host.name)?.addresses;
    if (host.nodeAddress !== undefined && own?.some(({ address }) => address === host.nodeAddress) === false) {
      problems.push(notOwned(host, host.nodeAddress, own));
      continue;
    }
    const found = host.nodeAddress ?? candidates.get(host.name)?.find(({ address }) => address === host.address)?.address;
    if (found !== undefined) addresses.set(host.name, found);
  }
  const shared = sharedSubnets(candidates, addresses);
  const settled = new Map(addresses);
  for (const [name, all] of candidates) {
    const host = cluster.hosts.find((one) => one.name === name);
    if (host === undefined || host.nodeAddress !== undefined || addresses.has(name)) continue;
    const near = all.filter(({ address }) => shared.some((subnet) => contains(subnet, address)));
    const choice = near.length === 0 ? all : near;
    const [only] = choice;
    if (only !== undefined && choice.length === 1) settled.set(name, only.address);
    else problems.push(only === undefined ? noCandidate(host) : ambiguous(host, choice));
  }
  return { addresses: settled, problems };
}

/** The same as a map, for the engine. Throws KbootError `check` that names every host without an address. */
export function chooseNodeAddresses(cluster: Cluster, facts: ReadonlyMap<string, AddressFacts>): ReadonlyMap<string, string> {
  const { addresses, problems } = judgeNodeAddresses(cluster, facts);
  const [first, ...others] = problems;
  if (first === undefined) return addresses;
  throw new KbootError("check", problems.map(({ host, message }) => (others.length === 0 ? message : `${host}: ${message}`)).join("\n"), {
    where: { file: cluster.file, ...(others.length === 0 ? { host: first.host } : {}) },
    hint: first.hint,
  });
}

/** What each reached host has that others might reach it by. */
function listCandidates(cluster: Cluster, facts: ReadonlyMap<string, AddressFacts>): ReadonlyMap<string, readonly HostAddress[]> {
  const owners = new Map<string, Set<string>>();
  const own = (address: string, host: string): unknown => owners.set(address, (owners.get(address) ?? new Set()).add(host));
  for (const [host, { addresses }] of facts) for (const { address } of addresses) own(address, host);
  for (const { name, nodeAddress } of cluster.hosts) if (nodeAddress !== undefined) own(nodeAddress, name);
  return new Map(
    cluster.hosts.flatMap(({ name }) => {
      const addresses = facts.get(name)?.addresses;
      if (addresses === undefined) return [];
      const usable = addresses.filter(
        ({ device, family, address }) =>
          family === "inet" && !inner.test(device) && unusable(address) === undefined && owners.get(address)?.size === 1,
      );
      return [[name, usable] as const];
    }),
  );
}

/** Subnets in which every host has an address; of hosts whose address is settled, that one counts alone. */
function sharedSubnets(candidates: ReadonlyMap<string, readonly HostAddress[]>, settled: ReadonlyMap<string, string>): readonly string[] {
  const subnets = new Set([...candidates.values()].flat().map(({ address, prefixLength }) => networkOf(address, prefixLength)));
  return [...subnets].filter((subnet) =>
    [...candidates].every(([name, all]) => {
      const address = settled.get(name);
      return address === undefined ? all.some((one) => contains(subnet, one.address)) : contains(subnet, address);
    }),
  );
}

const setIt = "set nodeAddress of the host in the inventory to the address by which the other hosts reach it";

function notOwned({ name }: ClusterHost, wanted: string, own: readonly HostAddress[]): AddressProblem {
  return { host: name, message: `the host does not have its nodeAddress ${wanted}; it has ${describe(own)}`, hint: setIt };
}

function ambiguous({ name }: ClusterHost, choice: readonly HostAddress[]): AddressProblem {
  return { host: name, message: `more than one address could be the node's: ${describe(choice)}`, hint: setIt };
}

function noCandidate({ name }: ClusterHost): AddressProblem {
  return {
    host: name,
    message: "the host has no IPv4 address of its own by which other hosts can reach it",
    hint: "give the host an address in a network that all hosts share; addresses of VirtualBox's NAT and of container networks do not count",
  };
}

function describe(addresses: readonly HostAddress[]): string {
  const words = addresses.filter(({ family }) => family === "inet").map(({ address, device }) => `${address} (${device})`);
  return words.length === 0 ? "none" : words.join(", ");
}
