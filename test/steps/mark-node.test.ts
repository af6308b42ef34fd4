import test from "ava";
import type { Site } from "../../src/engine/contracts.ts";
import type { Live, LiveNode } from "../../src/kubernetes/live.ts";
import { markNode } from "../../src/steps/mark-node.ts";

/** What is planned for a node that the API shows like this. */
function plan(shown: Pick<LiveNode, "labels" | "taints"> | undefined) {
  const node = shown && { ...shown, annotations: {} };
  const taints = [{ key: "gpu", value: "yes", effect: "NoSchedule" }];
  const site = {
    cluster: {
      hosts: [{ name: "w1", nodeName: "node1", role: "worker", labels: { disk: "fast" }, taints, kubernetes: { from: "sources" } }],
    },
    live: { nodes: new Map(node === undefined ? [] : [["node1", node]]) },
  } as unknown as Site<Live>;
  return markNode.action?.changes?.(site, "w1");
}

test("a plan names each label and taint that a node lacks", (t) => {
  t.deepEqual(plan({ labels: { disk: "slow", other: "x" }, taints: [] }), [
    {
      id: "node:node1",
      differences: [
        { what: "label disk", from: "slow", to: '"fast"' },
        { what: "taint gpu", to: "yes:NoSchedule" },
      ],
    },
  ]);
});

test("while the node is not there, a plan does not guess", (t) => {
  t.true(plan(undefined)?.[0]?.differences.every(({ unsure }) => unsure));
});
