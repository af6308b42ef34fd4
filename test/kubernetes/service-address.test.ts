import test from "ava";
import { addressInSubnet } from "../../src/inventory/subnet.ts";
import { dnsAddress } from "../../src/kubernetes/service-address.ts";

test("counts from the start of the subnet", (t) => {
  t.is(dnsAddress({ serviceSubnet: "10.96.0.0/12" }), "10.96.0.10");
  t.is(dnsAddress({ serviceSubnet: "10.96.3.7/12" }), "10.96.0.10");
  t.is(dnsAddress({ serviceSubnet: "fd00:10:96::/112" }), "fd00:10:96::a");
  t.is(addressInSubnet("10.96.0.248/29", 10), "10.96.1.2");
});
