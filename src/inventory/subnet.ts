import { Address4, Address6 } from "ip-address";
import { withPattern } from "./judge.ts";

const octet = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";

/** An IPv4 address in its usual form, as part of a pattern. */
export const ipv4 = `${octet}(\\.${octet}){3}`;

/** True for an IPv4 address in its usual form: four decimal numbers, no prefix length. */
export function isIpv4(text: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && Address4.isValid(text) && new Address4(text).correctForm() === text;
}

/** True for an IPv6 address without prefix length and zone. */
export function isIpv6(text: string): boolean {
  return /^[0-9a-f:.]+$/i.test(text) && text.includes(":") && Address6.isValid(text);
}

/** The network that an address with its prefix length lies in, as a CIDR: `10.1.2.3`, 8 gives `10.0.0.0/8`. */
export function networkOf(address: string, prefixLength: number): string {
  return `${new Address4(`${address}/${prefixLength}`).startAddress().correctForm()}/${prefixLength}`;
}

/** True when a valid IPv4 CIDR holds a valid address. */
export function contains(cidr: string, address: string): boolean {
  return new Address4(address).isInSubnet(new Address4(cidr));
}

/** True when two valid IPv4 CIDRs have an address in common. */
export function overlap(a: string, b: string): boolean {
  const [one, other] = [new Address4(a), new Address4(b)];
  return one.subnetMask > other.subnetMask ? one.isInSubnet(other) : other.isInSubnet(one);
}

/** The address at an index of a CIDR: 1 is the API's own in the service subnet, 10 the cluster's DNS (kubeadm/app/constants, v1.36). */
export function addressInSubnet(cidr: string, index: number): string {
  if (cidr.includes(":")) return Address6.fromBigInt(new Address6(cidr).startAddress().bigInt() + BigInt(index)).correctForm();
  return Address4.fromBigInt(new Address4(cidr).startAddress().bigInt() + BigInt(index)).correctForm();
}

/** The number after the slash of a valid CIDR. */
export function prefixLengthOf(cidr: string): number {
  return Number(cidr.slice(cidr.indexOf("/") + 1));
}

/** What is wrong with an IPv4 CIDR that must name a network by its first address. */
export const judgeSubnet = withPattern(new RegExp(`^${ipv4}/(\\d|[12]\\d|3[0-2])$`), (text) => {
  const [address = "", length = ""] = text.split("/", 2);
  if (isIpv6(address)) return `${text} is IPv6, which kboot cannot do yet; give an IPv4 subnet such as 10.244.0.0/16`;
  if (!isIpv4(address) || !/^(\d|[12]\d|3[0-2])$/.test(length) || text !== `${address}/${length}`) {
    return `${JSON.stringify(text)} is not an IPv4 subnet; write it like 10.244.0.0/16`;
  }
  const network = networkOf(address, Number(length));
  return network === text ? undefined : `${text} does not begin at the first address of its network; write ${network}`;
});

/** What is wrong with an IPv4 address that stands with the prefix length of its network, as that of an interface does. */
export const judgeInterface = withPattern(new RegExp(`^${ipv4}/(\\d|[12]\\d|3[0-2])$`), (text) => {
  const [address = "", length = ""] = text.split("/", 2);
  if (isIpv6(address)) return `${text} is IPv6, which kboot cannot do yet; give an IPv4 address such as 10.244.0.1/16`;
  return isIpv4(address) && /^(\d|[12]\d|3[0-2])$/.test(length) && text === `${address}/${length}`
    ? undefined
    : `${JSON.stringify(text)} is not an IPv4 address with a prefix length; write it like 10.244.0.1/16`;
});

/** What is wrong with an IPv4 address that a host shall have in a network. */
export const judgeHostAddress = withPattern(new RegExp(`^${ipv4}$`), (text) => {
  if (isIpv6(text)) return `${text} is IPv6, which kboot cannot do yet; give an IPv4 address`;
  if (!isIpv4(text)) return `${JSON.stringify(text)} is not an IPv4 address; write it like 192.168.56.11`;
  const why = unusable(text);
  return why === undefined ? undefined : `${text} ${why}; give an address by which the other hosts reach this one`;
});

/** Why other hosts cannot reach a host by this IPv4 address, whoever has it; undefined when they may. */
export function unusable(address: string): string | undefined {
  const parsed = new Address4(address);
  if (parsed.isLoopback()) return "is a loopback address";
  if (parsed.isLinkLocal()) return "is a link-local address";
  if (parsed.isMulticast()) return "is a multicast address";
  if (contains("0.0.0.0/8", address) || contains("240.0.0.0/4", address)) return "is not the address of a host";
  // VirtualBox and QEMU give it to the first machine of each NAT network of their own
  if (address === "10.0.2.15") return "is what VirtualBox and QEMU give to every machine behind NAT";
  return undefined;
}

/** The port of `ADDRESS:PORT` or `:PORT`. */
export function portOf(listener: string): string {
  return listener.slice(listener.lastIndexOf(":") + 1);
}
