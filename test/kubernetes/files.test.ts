import test from "ava";
import { filesFor } from "../../src/kubernetes/files.ts";
import { testCluster, testHost } from "./fixture.ts";

test("containerd and runc are wanted where a host has them from the sources", (t) => {
  const packaged = testHost({ containerRuntime: { from: "package", package: "containerd" } });
  const names = (...hosts: readonly ReturnType<typeof testHost>[]) => filesFor(testCluster({ hosts })).map(({ name }) => name);
  t.deepEqual(names(packaged, testHost()), ["containerd", "runc", "cni-plugins", "kubelet", "kubectl"]);
  t.deepEqual(names(packaged), ["cni-plugins", "kubelet", "kubectl"]);
  const owned = testHost({ containerRuntime: { from: "host" }, kubernetes: { from: "host" } });
  t.deepEqual(names(owned), []);
  t.deepEqual(names(owned, packaged), ["cni-plugins", "kubelet", "kubectl"]);
});
