import test from "ava";
import type { ActionContext, Api, Site } from "../../src/engine/contracts.ts";
import type { ClusterHost } from "../../src/inventory/cluster.ts";
import type { Live, LiveNode } from "../../src/kubernetes/live.ts";
import { markOwnNode } from "../../src/steps/mark-own-node.ts";
import { marksAnnotation } from "../../src/steps/node-marks.ts";
import { testCluster, testHost } from "../kubernetes/fixture.ts";

const pem = "certificate and key";
const gpu = { key: "gpu", effect: "NoSchedule" } as const;

function nodeOf(over: Partial<LiveNode>): LiveNode {
  const usual = { name: "worker1", isReady: true, saidAt: 0, labels: {}, annotations: {}, taints: [], internalAddress: undefined };
  return { ...usual, kubeletVersion: "", ...over };
}

/** What is planned for a machine whose node is like this, and what is sent. */
async function mark(host: Partial<ClusterHost>, node: LiveNode | undefined) {
  const sent: unknown[] = [];
  const step = markOwnNode((given) => {
    sent.push(given.reveal());
    return { patch: async (ref: unknown, patch: unknown) => void sent.push(ref, patch) } as unknown as Api;
  });
  const own = testHost({ name: "vm7", nodeName: "worker1", role: "worker", ...host });
  const live = { nodes: new Map(node === undefined ? [] : [["worker1", node]]) } as unknown as Live;
  const site = { cluster: testCluster({ hosts: [own] }), live } as unknown as Site<Live>;
  const isDone = step.action?.isDone(site, "vm7", new Set()) ?? false;
  if (node !== undefined && !isDone) {
    await step.action?.run({
      site,
      host: "vm7",
      signal: new AbortController().signal,
      reach: () => ({ run: async () => ({ exitCode: 0, stdout: Buffer.from(pem), stderr: "" }) }),
      readLive: async () => live,
      say: () => {},
    } as unknown as ActionContext<Live>);
  }
  return { isDone, sent };
}

test("a machine notes on its node, as the node, the labels and taints with which it has registered, once", async (t) => {
  const host = { labels: { disk: "ssd" }, taints: [gpu] };
  const node = nodeOf({ labels: { disk: "ssd" }, taints: [gpu] });
  const note = JSON.stringify({ labels: ["disk"], taints: ["gpu:NoSchedule"] });
  const { isDone, sent } = await mark(host, node);
  t.false(isDone);
  t.deepEqual(sent, [
    pem,
    { apiVersion: "v1", kind: "Node", metadata: { name: "worker1" } },
    { metadata: { labels: {}, annotations: { [marksAnnotation]: note } } },
  ]);
  t.true((await mark(host, { ...node, annotations: { [marksAnnotation]: note } })).isDone);
});

test("labels and taints that are missing are left to whoever administers the cluster", async (t) => {
  t.deepEqual(await mark({ labels: { disk: "ssd" } }, nodeOf({})), { isDone: true, sent: [] });
  t.deepEqual(await mark({ taints: [gpu] }, nodeOf({})), { isDone: true, sent: [] });
});

test("before there is a node, it is still to be done", async (t) => {
  t.false((await mark({}, undefined)).isDone);
});
