import test from "ava";
import { kbootObjects, readRefs } from "../../src/kubernetes/kboot-objects.ts";

const proxy = { apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "kube-proxy", namespace: "kube-system" } };
const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "kubeadm:get-nodes" } };

test("what is recorded is read again, each object once", (t) => {
  const { objects } = kbootObjects([role, proxy, role]).object["data"] as Record<string, string>;
  t.deepEqual(readRefs(objects), [proxy, role]);
});

test("what is no record of an object is passed over", (t) => {
  t.deepEqual(readRefs(undefined), []);
  t.deepEqual(readRefs("\nv1 ConfigMap\nv1 Secret - a b\n"), []);
});
