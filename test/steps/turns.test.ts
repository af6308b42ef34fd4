import test from "ava";
import type { Site } from "../../src/engine/contracts.ts";
import type { Live } from "../../src/kubernetes/live.ts";
import { bootstrapWay } from "../../src/steps/index.ts";
import { turnsOf } from "../../src/steps/turns.ts";
import { testCluster, testHost } from "../kubernetes/fixture.ts";

const workers = Array.from({ length: 40 }, (_, index) => testHost({ name: `w${index}`, nodeName: `n${index}` }));

test("control planes take turns one at a time, of forty workers four", (t) => {
  const cluster = testCluster({ hosts: [testHost({ name: "cp1", role: "control-plane" }), ...workers] });
  t.deepEqual(
    turnsOf(cluster).map(({ hosts, atATime }) => [hosts.length, atATime]),
    [
      [1, 1],
      [40, 4],
    ],
  );
});

/** Steps that interrupt a host. */
function interrupting(scene: { joined?: boolean; ready?: boolean | "unknown" | "gone"; changing: readonly string[] }): readonly string[] {
  const { joined = true, ready = true, changing } = scene;
  const nodes = ready === "gone" ? [] : [["n0", { isReady: ready }]];
  const site = {
    cluster: testCluster({ hosts: workers }),
    facts: new Map([["w0", { kubernetes: { kubeletCertificate: joined ? "a certificate" : undefined } }]]),
    live: ready === "unknown" ? undefined : { nodes: new Map(nodes as [string, object][]) },
  } as unknown as Site<Live>;
  return bootstrapWay.filter((step) => step.interrupts?.(site, "w0", new Set(changing))).map(({ id }) => id);
}

const containerd = ["systemd-unit:containerd.service"];

test("restarting containerd, the kubelet or static pods of a node that is Ready interrupts it", (t) => {
  t.deepEqual(interrupting({ changing: containerd }), ["containerd"]);
  t.deepEqual(interrupting({ changing: ["systemd-unit:kubelet.service"] }), ["kubelet", "worker-kubelet"]);
  t.deepEqual(interrupting({ changing: ["static-pod:etcd"] }), ["control-plane"]);
  t.deepEqual(interrupting({ changing: ["file:/etc/hosts"] }), []);
});

test("a bare host, one that is not Ready and one whose node is gone have nothing to lose; what is not known counts as Ready", (t) => {
  t.deepEqual(interrupting({ changing: containerd, joined: false }), []);
  t.deepEqual(interrupting({ changing: containerd, ready: false }), []);
  t.deepEqual(interrupting({ changing: containerd, ready: "gone" }), []);
  t.deepEqual(interrupting({ changing: containerd, ready: "unknown" }), ["containerd"]);
});
