import test from "ava";
import type { Site } from "../../src/engine/contracts.ts";
import type { Live } from "../../src/kubernetes/live.ts";
import { startWorkerKubelet } from "../../src/steps/start-kubelet.ts";

/** Whether a worker's kubelet is left alone. */
function isLeftAlone(found: { joined: boolean; nodes?: readonly string[]; changing?: readonly string[] }): boolean | undefined {
  const { joined, nodes, changing = [] } = found;
  const site = {
    cluster: { hosts: [{ name: "w1", nodeName: "node1" }] },
    facts: new Map([["w1", { kubernetes: { kubeletCertificate: joined ? "a certificate" : undefined } }]]),
    live: nodes === undefined ? undefined : { nodes: new Map(nodes.map((name) => [name, {}])) },
  } as unknown as Site<Live>;
  return startWorkerKubelet.action?.isDone(site, "w1", new Set(changing));
}

test("a kubelet whose node was deleted is restarted, so that it registers again", (t) => {
  t.false(isLeftAlone({ joined: true, nodes: ["other"] }));
});

test("a kubelet is left alone whose node is there, that has yet to join, that is started anyway, or while the cluster does not answer", (t) => {
  t.true(isLeftAlone({ joined: true, nodes: ["node1"] }));
  t.true(isLeftAlone({ joined: false, nodes: [] }));
  t.true(isLeftAlone({ joined: true, nodes: [], changing: ["systemd-unit:kubelet.service"] }));
  t.true(isLeftAlone({ joined: true }));
});
