import test from "ava";
import { networkPlugin } from "../../src/network/index.ts";
import type { NetworkContext } from "../../src/network/plugin.ts";
import { testCluster } from "../kubernetes/fixture.ts";

const weave = { plugin: "weave-net", version: "2.9.0", registry: "docker.io/rajchaudhuri", mtu: undefined } as const;
const withOpenvswitch = { kernelFeatures: { openvswitch: true, vxlan: true } };
const without = { kernelFeatures: { openvswitch: false, vxlan: true } };

interface Workload {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly { name: string; args?: string[]; image: string; env?: { name: string; value?: string }[] }[];
      };
    };
  };
}

function daemon(network: Parameters<typeof networkPlugin>[0]["network"], context: NetworkContext = { facts: [] }) {
  const cluster = testCluster({ network, podSubnet: "10.50.0.0/16" });
  const objects = networkPlugin(cluster)?.objects(cluster, context) ?? [];
  const found = objects.find(({ object }) => object.kind === "DaemonSet")?.object as unknown as Workload;
  return { objects, containers: found.spec.template.spec.containers };
}

const variable = (context: NetworkContext, name: string, mtu?: number) =>
  daemon({ ...weave, mtu }, context).containers[0]?.env?.find((one) => one.name === name)?.value;

test("none leaves the network to the user", (t) => {
  t.is(networkPlugin({ network: { plugin: "none" } }), undefined);
});

test("Flannel: objects", (t) => {
  t.snapshot(daemon({ plugin: "flannel", version: "0.26.7", registry: "ghcr.io/flannel-io", backend: "vxlan" }).objects);
});

test("Flannel spans the pod subnet, by the node's own address", (t) => {
  const { objects, containers } = daemon({ plugin: "flannel", version: "0.26.7", registry: "mirror.example/flannel", backend: "host-gw" });
  const config = objects.find(({ object }) => object.kind === "ConfigMap")?.object["data"] as Record<string, string>;
  t.deepEqual(JSON.parse(config["net-conf.json"] ?? ""), { Network: "10.50.0.0/16", Backend: { Type: "host-gw" } });
  t.true(containers[0]?.args?.includes("--iface=$(HOST_IP)"));
  t.is(containers[0]?.image, "mirror.example/flannel/flannel:v0.26.7");
});

test("Flannel's namespace lets pods use the node's network", (t) => {
  const { objects } = daemon({ plugin: "flannel", version: "0.26.7", registry: "ghcr.io/flannel-io", backend: "vxlan" });
  const namespace = objects.find(({ object }) => object.kind === "Namespace")?.object;
  t.is(namespace?.metadata.labels?.["pod-security.kubernetes.io/enforce"], "privileged");
});

test("Weave Net: objects", (t) => {
  t.snapshot(daemon(weave).objects);
});

test("Weave Net allocates from the pod subnet and uses nft in both containers", (t) => {
  t.is(variable({ facts: [withOpenvswitch] }, "IPALLOC_RANGE"), "10.50.0.0/16");
  const { containers } = daemon(weave);
  t.deepEqual(
    containers.map(({ env }) => env?.find(({ name }) => name === "IPTABLES_BACKEND")?.value),
    ["nft", "nft"],
  );
});

test("Weave Net uses its fast datapath only where every node has it", (t) => {
  t.is(variable({ facts: [withOpenvswitch, withOpenvswitch] }, "WEAVE_NO_FASTDP"), undefined);
  t.is(variable({ facts: [withOpenvswitch, without] }, "WEAVE_NO_FASTDP"), "1");
  t.is(variable({ facts: [] }, "WEAVE_NO_FASTDP"), "1");
});

test("Weave Net without its fast datapath gets an MTU, and the inventory's wins", (t) => {
  t.is(variable({ facts: [withOpenvswitch] }, "WEAVE_MTU"), undefined);
  t.is(variable({ facts: [without] }, "WEAVE_MTU"), "1376");
  t.is(variable({ facts: [without] }, "WEAVE_MTU", 1300), "1300");
});
