import test from "ava";
import type { Taint } from "../../src/inventory/cluster.ts";
import type { LiveNode } from "../../src/kubernetes/live.ts";
import { compareMarks, marksAnnotation, patchMarks } from "../../src/steps/node-marks.ts";
import { testHost } from "../kubernetes/fixture.ts";

const gpu: Taint = { key: "gpu", value: "yes", effect: "NoSchedule" };
const slow: Taint = { key: "slow", effect: "NoExecute" };

function node(over: Partial<LiveNode> = {}): LiveNode {
  return {
    name: "worker1",
    isReady: true,
    saidAt: 0,
    labels: {},
    annotations: {},
    taints: [],
    internalAddress: undefined,
    kubeletVersion: "",
    ...over,
  };
}

/** The node after a patch, as the API would have it. */
function patched(before: LiveNode, host: Parameters<typeof patchMarks>[0]): LiveNode {
  const patch = patchMarks(host, before);
  if (patch === undefined) return before;
  const labels = Object.entries({ ...before.labels, ...patch.metadata.labels }).filter(([, value]) => value !== null);
  const annotations = Object.entries({ ...before.annotations, ...patch.metadata.annotations }).filter(([, value]) => value !== null);
  return {
    ...before,
    labels: Object.fromEntries(labels) as Record<string, string>,
    annotations: Object.fromEntries(annotations) as Record<string, string>,
    taints: patch.spec?.taints ?? before.taints,
  };
}

const marked = testHost({ labels: { disk: "fast", zone: "a" }, taints: [gpu] });

test("a node gets what the inventory lists, and then needs nothing more", (t) => {
  const after = patched(node({ labels: { arch: "x" }, taints: [slow] }), marked);
  t.deepEqual(after.labels, { arch: "x", disk: "fast", zone: "a" });
  t.deepEqual(after.taints, [slow, gpu]);
  t.is(patchMarks(marked, after), undefined);
});

test("what leaves the inventory leaves the node, what others set stays", (t) => {
  const before = patched(node({ labels: { arch: "x" }, taints: [slow] }), marked);
  const after = patched(before, testHost({ labels: { zone: "b" } }));
  t.deepEqual(after.labels, { arch: "x", zone: "b" });
  t.deepEqual(after.taints, [slow]);
  t.is(patchMarks(testHost({ labels: { zone: "b" } }), after), undefined);
});

test("a label with which the kubelet registered is kboot's, one that another had set is not", (t) => {
  const restricted = testHost({ labels: { zone: "a", "node-restriction.kubernetes.io/secure": "yes" } });
  const labels = { zone: "a", "node-restriction.kubernetes.io/secure": "yes" };
  const registered = patched(node({ labels }), restricted);
  t.deepEqual(patched(registered, testHost()).labels, { "node-restriction.kubernetes.io/secure": "yes" }, "no kubelet gives itself that");
  const byHand = patched({ ...patched(node(), testHost()), labels }, restricted);
  t.deepEqual(patched(byHand, testHost()).labels, labels);
  const ofOwner = testHost({ labels: { zone: "a" }, kubernetes: { from: "host" } });
  t.deepEqual(patched(patched(node({ labels: { zone: "a" } }), ofOwner), testHost()).labels, { zone: "a" });
});

test("a taint with which the kubelet registered is kboot's, one that another had set later is not", (t) => {
  const registered = patched(node({ taints: [gpu] }), marked);
  t.deepEqual(patched(registered, testHost()).taints, []);
  const without = patched(node(), testHost());
  const byHand = patched({ ...without, taints: [gpu] }, marked);
  t.deepEqual(patched(byHand, testHost()).taints, [gpu]);
});

test("a label or taint that was taken away or changed by hand is put back", (t) => {
  const before = patched(node(), marked);
  const after = patched({ ...before, labels: { zone: "z" }, taints: [{ ...gpu, value: "no" }] }, marked);
  t.deepEqual(after, before);
  t.is(patchMarks(marked, patched({ ...before, annotations: { [marksAnnotation]: "?" } }, marked)), undefined);
});

test("a control plane has kubeadm's marks, and loses its taint when the inventory lists none", (t) => {
  const taint: Taint = { key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" };
  const before = patched(node(), testHost({ role: "control-plane", taints: [taint] }));
  t.true("node-role.kubernetes.io/control-plane" in before.labels);
  t.deepEqual(patched(before, testHost({ role: "control-plane" })).taints, []);
});

test("the cordon of a reset that was stopped is lifted, with its mark; one of others has no mark and stays", (t) => {
  const inOrder = patched(node(), marked);
  const cordoned = { ...inOrder, annotations: { ...inOrder.annotations, "kboot.dev/cordoned": "by kboot reset" } };
  t.deepEqual(compareMarks(marked, cordoned), [{ what: "cordon", from: "by kboot reset", to: "none" }]);
  t.deepEqual(patchMarks(marked, cordoned), {
    metadata: { labels: {}, annotations: { "kboot.dev/marks": inOrder.annotations["kboot.dev/marks"] ?? "", "kboot.dev/cordoned": null } },
    spec: { unschedulable: null },
  });
  t.is(patchMarks(marked, patched(cordoned, marked)), undefined);
});
