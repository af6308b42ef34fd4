import test from "ava";
import type { PlannedChange } from "../../src/engine/contracts.ts";
import { foreseeInterruptions } from "../../src/steps/interruptions.ts";

function foresee(host: string, ...changes: readonly PlannedChange[]): readonly string[] {
  const plan = [{ host, step: "s", title: "S", changes, action: "act", decidedLater: false }];
  return foreseeInterruptions(plan).map(({ what, reason, effect }) => `${what}: ${reason}: ${effect}`);
}

test("a process that restarts is told with the reason and with what does not work meanwhile", (t) => {
  t.deepEqual(
    foresee(
      "cp1",
      { id: "file:/etc/a", differences: [{ what: "content", from: "a", to: "b" }] },
      { id: "static-pod:kube-apiserver", differences: [{ what: "restart", from: "/pki/apiserver.crt changes", follows: true }] },
      { id: "static-pod:kube-scheduler", differences: [{ what: "manifest", from: "a: 1\n", to: "a: 2\n" }] },
      { id: "systemd-unit:kubelet.service", differences: [{ what: "restart", from: "/etc/a is newer than the process" }] },
    ),
    [
      "kube-apiserver: /pki/apiserver.crt changes: the API does not answer for some seconds",
      "kube-scheduler: its manifest changes: new pods wait for some seconds",
      "kubelet: /etc/a is newer than the process: pods keep running",
    ],
  );
});

test("what does not run yet is not interrupted, nor what only changes its mode", (t) => {
  t.deepEqual(
    foresee(
      "cp1",
      { id: "static-pod:etcd", differences: [{ what: "manifest", to: "a: 1\n" }] },
      { id: "static-pod:kube-apiserver", differences: [{ what: "mode", from: "0644", to: "0600" }] },
      { id: "systemd-unit:kubelet.service", differences: [{ what: "running", from: "inactive", to: "active" }] },
      { id: "node:cp1", differences: [{ what: "label disk", to: "fast" }] },
    ),
    [],
  );
});

test("pods of a DaemonSet are replaced when its template changes, not when it is new or labelled", (t) => {
  const id = "object:apps/v1/DaemonSet/kube-system/kube-proxy";
  t.deepEqual(foresee("cluster", { id, differences: [{ what: "spec.template.spec.priorityClassName", from: "a", to: "b" }] }), [
    "kube-proxy: spec.template.spec.priorityClassName changes: its pods are replaced, node by node",
  ]);
  t.deepEqual(foresee("cluster", { id, differences: [{ what: "object", to: "present" }] }), []);
  t.deepEqual(foresee("cluster", { id, differences: [{ what: "metadata.labels.app", from: "a", to: "b" }] }), []);
});

test("the pods of a node that registers anew are made anew", (t) => {
  t.deepEqual(foresee("worker1", { id: "node:worker1", differences: [{ what: "node", to: "registered" }] }), [
    "kubelet: the node is not registered: pods of the node are made anew",
  ]);
});
