import test from "ava";
import { kbootConfig } from "../../../src/kubernetes/kboot-config.ts";
import { kubeProxy } from "../../../src/kubernetes/kube-proxy.ts";
import { networkPlugin } from "../../../src/network/index.ts";
import type { NetworkContext } from "../../../src/network/plugin.ts";
import { Secret } from "../../../src/secret.ts";
import { bootstrapWay } from "../../../src/steps/index.ts";
import { testCluster, weaveNetwork } from "../../kubernetes/fixture.ts";
import { variableIn, weaveContainers, weaveObjectsWith, weaveOptions } from "../../support/weave-options.ts";

const capable = { kernelFeatures: { openvswitch: true, vxlan: true } };
const incapable = { kernelFeatures: { openvswitch: false, vxlan: true } };

/** What is known of the test cluster's two hosts, in their order. */
function known(...facts: readonly { kernelFeatures: Readonly<Record<string, boolean>> }[]): NetworkContext {
  const names = testCluster().hosts.map(({ name }) => name);
  return { facts: new Map(facts.map((own, index) => [names[index] ?? "", own])), running: undefined };
}

/** What is known when Weave Net was installed with that knowledge before. */
function later(before: NetworkContext, now: NetworkContext): NetworkContext {
  return { ...now, running: weaveObjectsWith({}, before).find(({ object }) => object.kind === "DaemonSet")?.object };
}

const inWeave = (context: NetworkContext, name: string, mtu?: number) => variableIn(weaveContainers({ mtu }, context), "weave", name);

test("objects", (t) => {
  t.snapshot(weaveObjectsWith({}));
});

for (const [title, over, expected] of weaveOptions) {
  test(`renders ${title}`, (t) => {
    const containers = weaveContainers(over);
    for (const [container, variables] of Object.entries(expected)) {
      for (const [name, value] of Object.entries(variables)) t.is(variableIn(containers, container, name), value, `${container} ${name}`);
    }
  });
}

test("the range is the one by which kube-proxy knows pods", (t) => {
  const cluster = testCluster({ podSubnet: "10.50.0.0/16" });
  const config = kubeProxy(cluster).flatMap(({ object }) => Object.values((object["data"] ?? {}) as Record<string, string>));
  t.true(config.some((text) => text.includes("clusterCIDR: 10.50.0.0/16")));
  t.is(inWeave(known(), "IPALLOC_RANGE"), "10.50.0.0/16");
});

test("the fast datapath is used only where every node has it", (t) => {
  t.is(inWeave(known(capable, capable), "WEAVE_NO_FASTDP"), undefined);
  t.is(inWeave(known(capable, incapable), "WEAVE_NO_FASTDP"), "1");
  t.is(inWeave(known(capable), "WEAVE_NO_FASTDP"), "1", "of the second node nothing is known");
});

test("a cluster keeps the datapath that it has, whoever is reached and joins later", (t) => {
  t.is(inWeave(later(known(capable, capable), known(capable)), "WEAVE_NO_FASTDP"), undefined);
  t.is(inWeave(later(known(capable, incapable), known(capable, capable)), "WEAVE_NO_FASTDP"), "1");
});

test("without its fast datapath there is an MTU, and the inventory's wins", (t) => {
  t.is(inWeave(known(capable, capable), "WEAVE_MTU"), undefined);
  t.is(inWeave(known(), "WEAVE_MTU"), "1376");
  t.is(inWeave(known(), "WEAVE_MTU", 1300), "1300");
});

test("the readiness probe follows the control API, and so does the CNI plug-in", (t) => {
  const network = weaveNetwork({ httpAddress: "127.0.0.2:7784" });
  const [, weave] = weaveContainers(network);
  t.deepEqual(weave?.readinessProbe?.httpGet, { host: "127.0.0.2", path: "/status", port: 7784 });
  t.deepEqual(networkPlugin({ network })?.runtimeEnvironment, { WEAVE_HTTP_ADDR: "127.0.0.2:7784" });
  t.deepEqual(networkPlugin({ network: weaveNetwork() })?.runtimeEnvironment, {});
});

test("without policies there is neither the container nor its image", (t) => {
  const network = weaveNetwork({ networkPolicy: false });
  t.deepEqual(
    weaveContainers(network).map(({ name }) => name),
    ["weave-init", "weave"],
  );
  t.deepEqual(networkPlugin({ network })?.images(testCluster()), ["docker.io/rajchaudhuri/weave-kube:2.9.0"]);
});

test("plug-ins of another version go before the node's are written", (t) => {
  const [init] = weaveContainers({});
  t.regex(init?.command?.at(-1) ?? "", /^rm -f \/host\/opt\/cni\/bin\/weave-\* .*10-weave\.conf\* && exec \/home\/weave\/init\.sh$/);
});

test("what Weave Net waits for at its first start is made before its pods, the ConfigMap and the password", (t) => {
  const kinds = weaveObjectsWith({}).map(({ object }) => object.kind);
  t.true(kinds.indexOf("ConfigMap") < kinds.indexOf("DaemonSet"));
  t.true(kinds.indexOf("Secret") < kinds.indexOf("DaemonSet"));
});

test("a missing machine-id is not made a directory", (t) => {
  const daemonSet = weaveObjectsWith({}).find(({ object }) => object.kind === "DaemonSet")?.object as unknown as {
    spec: { template: { spec: { volumes: { name: string }[] } } };
  };
  const volume = daemonSet.spec.template.spec.volumes.find(({ name }) => name === "machine-id");
  t.deepEqual(volume, { name: "machine-id", hostPath: { path: "/etc/machine-id", type: "File" } });
});

test("CoreDNS waits until the network runs", (t) => {
  const dns = bootstrapWay.find(({ id }) => id === "coredns");
  t.true(dns?.after.some(({ step }) => step === "network-ready"));
});

test("without encryption there is no Secret, and a given password is shown by none of the objects", (t) => {
  t.false(weaveObjectsWith({ encryption: false }).some(({ object }) => object.kind === "Secret"));
  const objects = weaveObjectsWith({ password: new Secret("open sesame") });
  t.false(JSON.stringify(objects).includes("open sesame"));
  t.true(objects.some(({ secrets }) => secrets?.["password"]?.reveal() === "open sesame"));
  const network = weaveNetwork({ password: new Secret("open sesame"), passwordFile: "/home/me/weave" });
  const config = JSON.stringify(kbootConfig(testCluster({ network })));
  t.true(config.includes("plugin: weave-net"));
  for (const text of ["open sesame", "/home/me/weave"]) t.false(config.includes(text));
});
