import test from "ava";
import { judgeKernel } from "../../src/host/kernel-features.ts";

const nothing = { present: new Set<string>(), config: [], modules: undefined };

test("what is there now is a feature, whatever the configuration says", (t) => {
  t.is(judgeKernel({ ...nothing, present: new Set(["vxlan"]), config: ["CONFIG_VETH=y"] })["vxlan"], true);
});

test("built in is a feature without any module on disk", (t) => {
  t.is(judgeKernel({ ...nothing, config: ["CONFIG_BRIDGE_NETFILTER=y"] })["br_netfilter"], true);
});

test("a module is a feature only if it is on disk", (t) => {
  const config = ["CONFIG_OPENVSWITCH=m", "CONFIG_DUMMY=m"];
  const modules = ["kernel/net/openvswitch/openvswitch.ko.xz: kernel/net/netfilter/nf_nat.ko.xz"];
  const { openvswitch, dummy } = judgeKernel({ ...nothing, config, modules });
  t.is(openvswitch, true);
  t.is(dummy, false);
});

test("a configuration without the switch means that the feature is missing", (t) => {
  t.is(judgeKernel({ ...nothing, config: ["CONFIG_VETH=y"] })["openvswitch"], false);
});

test("without a configuration the modules on disk decide, in either spelling", (t) => {
  const { br_netfilter, xt_set, dummy } = judgeKernel({
    ...nothing,
    modules: ["kernel/net/bridge/br_netfilter.ko:", "kernel/x/xt-set.ko:"],
  });
  t.is(br_netfilter, true);
  t.is(xt_set, true);
  t.is(dummy, false);
});

test("a feature about which nothing is known is left out", (t) => {
  t.deepEqual(judgeKernel(nothing), {});
  t.false("dummy" in judgeKernel({ ...nothing, config: ["CONFIG_DUMMY=m"] }));
});
