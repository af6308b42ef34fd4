import { Address4, Address6 } from "ip-address";

/** The address at an index of a CIDR: 1 is the API's own in the service subnet, 10 the cluster's DNS (kubeadm/app/constants, v1.36). */
export function addressInSubnet(cidr: string, index: number): string {
  if (cidr.includes(":")) return Address6.fromBigInt(new Address6(cidr).startAddress().bigInt() + BigInt(index)).correctForm();
  return Address4.fromBigInt(new Address4(cidr).startAddress().bigInt() + BigInt(index)).correctForm();
}

/** The cluster's DNS server. */
export function dnsAddress({ serviceSubnet }: { readonly serviceSubnet: string }): string {
  return addressInSubnet(serviceSubnet, 10);
}
