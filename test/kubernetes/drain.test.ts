import test from "ava";
import type { Api, KubernetesObject, ObjectRef } from "../../src/engine/contracts.ts";
import { KbootError } from "../../src/errors.ts";
import { drainNode } from "../../src/kubernetes/drain.ts";

function pod(name: string, node: string, owner?: string): KubernetesObject {
  const ownerReferences = owner === undefined ? [] : [{ kind: owner }];
  return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default", ownerReferences }, spec: { nodeName: node } };
}

const node = (spec: object = {}): KubernetesObject => ({ apiVersion: "v1", kind: "Node", metadata: { name: "w1" }, spec });

/** An Api whose pods leave when they are evicted, but for those that a budget holds. */
function cluster(pods: readonly KubernetesObject[], held: readonly string[] = []) {
  const left = new Map(pods.map((one) => [one.metadata.name, one]));
  const done: string[] = [];
  const unused = () => Promise.reject(new Error("not asked for"));
  const api: Api = {
    get: unused,
    apply: unused,
    delete: unused,
    probe: unused,
    list: async () => [...left.values()],
    async patch(ref, patch) {
      done.push(`${ref.metadata.name} ${JSON.stringify(patch)}`);
      return ref as KubernetesObject;
    },
    async evict({ metadata: { name } }: ObjectRef) {
      if (held.includes(name)) throw new KbootError("api", "a budget forbids it", { transient: true });
      left.delete(name);
      done.push(`evicted ${name}`);
    },
  };
  return { api, done };
}

test("a drained node takes no new pods, and those that a controller can make elsewhere leave it", async (t) => {
  const { api, done } = cluster([
    pod("web", "w1", "ReplicaSet"),
    pod("alone", "w1"),
    pod("proxy", "w1", "DaemonSet"),
    pod("static", "w1", "Node"),
    pod("other", "w2", "ReplicaSet"),
  ]);
  t.deepEqual(await drainNode(api, node(), 5, new AbortController().signal), []);
  const cordon = 'w1 {"metadata":{"annotations":{"kboot.dev/cordoned":"by kboot reset"}},"spec":{"unschedulable":true}}';
  t.deepEqual(done, [cordon, "evicted web", "evicted alone"]);
});

test("a cordon of others stays theirs", async (t) => {
  const { api, done } = cluster([pod("web", "w1", "ReplicaSet")]);
  t.deepEqual(await drainNode(api, node({ unschedulable: true }), 5, new AbortController().signal), []);
  t.deepEqual(done, ["evicted web"]);
});

test("pods that a disruption budget holds are named when the time is over", async (t) => {
  const { api } = cluster([pod("web", "w1", "ReplicaSet"), pod("db", "w1", "StatefulSet")], ["db"]);
  t.deepEqual(await drainNode(api, node(), 1, new AbortController().signal), ["default/db"]);
});
