import { addressInSubnet } from "../inventory/subnet.ts";

/** The cluster's DNS server. */
export function dnsAddress({ serviceSubnet }: { readonly serviceSubnet: string }): string {
  return addressInSubnet(serviceSubnet, 10);
}
