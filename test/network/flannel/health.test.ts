import test from "ava";
import { judgeFlannel } from "../../../src/network/flannel/health.ts";

const subnet = "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\nFLANNEL_MTU=1450\n";

test("a node with its subnet and its device is healthy", (t) => {
  t.deepEqual(judgeFlannel(`${subnet}device\n`, { backend: "vxlan" }), { ok: true, summary: "10.244.1.1/24 by vxlan", problems: [] });
  t.true(judgeFlannel(subnet, { backend: "host-gw" }).ok);
});

test("a node without its device, or without a subnet, is not", (t) => {
  t.deepEqual(judgeFlannel(subnet, { backend: "vxlan" }).problems, ["the device flannel.1 is missing: pods reach no other node"]);
  t.deepEqual(judgeFlannel("", { backend: "host-gw" }), {
    ok: false,
    summary: "no subnet by host-gw",
    problems: ["flanneld has no subnet for this node: pods get no addresses"],
  });
});
