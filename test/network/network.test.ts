import test from "ava";
import { networkPlugin } from "../../src/network/index.ts";
import { testCluster } from "../kubernetes/fixture.ts";

interface Workload {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly { name: string; args?: string[]; image: string; env?: { name: string; value?: string }[] }[];
      };
    };
  };
}

function daemon(network: Parameters<typeof networkPlugin>[0]["network"]) {
  const cluster = testCluster({ network, podSubnet: "10.50.0.0/16" });
  const objects = networkPlugin(cluster)?.objects(cluster, { facts: new Map(), running: undefined }) ?? [];
  const found = objects.find(({ object }) => object.kind === "DaemonSet")?.object as unknown as Workload;
  return { objects, containers: found.spec.template.spec.containers };
}

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
