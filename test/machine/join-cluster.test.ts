import test from "ava";
import { KbootError } from "../../src/errors.ts";
import type { Patch } from "../../src/inventory/cluster.ts";
import { type JoiningMachine, joinCluster } from "../../src/machine/join-cluster.ts";
import { testCluster, testHost } from "../kubernetes/fixture.ts";

const maxPods = (count: number): Patch => ({
  name: undefined,
  target: "kubeletconfiguration",
  type: "strategic",
  patch: { maxPods: count },
});

const published = testCluster({
  hosts: [
    testHost({ name: "cp1", nodeName: "cp1", role: "control-plane", address: "cp1" }),
    testHost({
      name: "w1",
      nodeName: "worker1",
      role: "worker",
      address: "worker1",
      taints: [{ key: "a", effect: "NoSchedule" }],
      kubelet: { maxPods: 55 },
      patches: [maxPods(55)],
    }),
  ],
});

function joined(over: Partial<JoiningMachine> = {}) {
  const machine = { nodeName: "vm7", nodeAddress: "192.0.2.7", apiAddress: "192.0.2.1", ignoreChecks: [], ...over };
  const { cluster, host } = joinCluster(published, machine);
  return { cluster, host, own: cluster.hosts.find(({ name }) => name === host) };
}

test("a machine joins as a worker, and keeps the endpoint's name with the address that answered", (t) => {
  const { cluster, own } = joined();
  t.like(own, { name: "vm7", nodeName: "vm7", role: "worker", transport: "local", nodeAddress: "192.0.2.7", taints: [] });
  t.is(cluster.hosts.find(({ name }) => name === "cp1")?.nodeAddress, "192.0.2.1");
});

test("a machine that the inventory names joins as it says", (t) => {
  t.like(joined({ nodeName: "worker1" }).own, {
    name: "w1",
    nodeName: "worker1",
    taints: [{ key: "a", effect: "NoSchedule" }],
    kubelet: { maxPods: 55 },
  });
});

test("of a document of its own it takes what is a machine's", (t) => {
  const { cluster, own } = joined({
    own: { containerd: { debug: { level: "info" } }, kubelet: { maxPods: 9 }, sources: [{ kind: "bundle", path: "/srv/b" }] },
  });
  t.like(cluster, { containerd: { debug: { level: "info" } }, sources: [{ kind: "bundle", path: "/srv/b" }] });
  t.like(own, { kubelet: { maxPods: 9 } });
});

test("what the machine's file says goes over what the inventory says of it", (t) => {
  const registration = { labels: { disk: "ssd" }, taints: [], nodeAddress: "192.0.2.8", kubeletExtraArgs: { v: "4" } };
  t.like(joined({ nodeName: "worker1", registration }).own, {
    labels: { disk: "ssd" },
    taints: [],
    nodeAddress: "192.0.2.8",
    kubelet: { maxPods: 55 },
    kubeletExtraArgs: [{ name: "v", value: "4" }],
  });
});

test("names that cannot be a node's, and names of control planes, are refused", (t) => {
  for (const over of [{ nodeName: "my_vm" }, { nodeName: "Worker1" }, { nodeName: "cp1" }]) {
    const error = t.throws(() => joined(over), { instanceOf: KbootError, code: "usage" }, JSON.stringify(over));
    t.not((error as KbootError).hint, undefined);
  }
});

test("patches that a machine brings are in place of those that the inventory has for it", (t) => {
  t.deepEqual(joined({ nodeName: "worker1" }).own?.patches, [maxPods(55)]);
  t.deepEqual(joined({ nodeName: "worker1", own: { patches: [maxPods(7), maxPods(8)] } }).own?.patches, [maxPods(7), maxPods(8)]);
});
