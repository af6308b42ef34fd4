import test from "ava";
import { KbootError } from "../../../src/errors.ts";
import type { Patch } from "../../../src/inventory/cluster.ts";
import { nodeKubeletConfiguration } from "../../../src/kubernetes/kubelet.ts";
import { patchObject } from "../../../src/kubernetes/patches/apply-patches.ts";
import { etcdPod, kubeApiServerPod } from "../../../src/kubernetes/static-pods.ts";
import { testAudit, testCluster, testHost } from "../fixture.ts";

const patchOf = (target: Patch["target"], type: Patch["type"], patch: Patch["patch"], name?: string): Patch => ({
  name,
  target,
  type,
  patch,
});

function patched(patches: readonly Patch[], ofHost: readonly Patch[] = []) {
  const host = testHost({ name: "cp1", nodeName: "cp1", role: "control-plane", patches: ofHost });
  const cluster = testCluster({ hosts: [host, testHost()], patches });
  const node = { cluster, nodeName: "cp1", nodeAddress: "192.168.56.11", facts: { directories: [] } };
  return {
    etcd: () => patchObject("etcd", etcdPod(node), cluster, host),
    apiServer: () => patchObject("kube-apiserver", kubeApiServerPod(node), cluster, host),
    kubelet: () => nodeKubeletConfiguration(cluster, host, { resolvedActive: false }),
    unpatched: etcdPod(node),
  };
}

test("an object without patches is the same one", (t) => {
  const { etcd, unpatched } = patched([patchOf("kube-apiserver", "merge", { spec: { hostPID: true } })]);
  t.deepEqual(etcd(), unpatched);
});

test("a host's patches come after the cluster's, each on what the ones before made", (t) => {
  const label = (value: string) => patchOf("etcd", "merge", { metadata: { labels: { by: value } } });
  t.is(patched([label("cluster")]).etcd().metadata?.labels?.["by"], "cluster");
  t.is(patched([label("cluster")], [label("host")]).etcd().metadata?.labels?.["by"], "host");
  const copy = patchOf("etcd", "json", [{ op: "copy", from: "/metadata/labels/by", path: "/metadata/labels/copy" }]);
  t.is(patched([label("cluster")], [copy]).etcd().metadata?.labels?.["copy"], "cluster");
});

const refuses = test.macro((t, object: "etcd" | "apiServer" | "kubelet", patch: Patch, message: RegExp) => {
  const error = t.throws(patched([], [patch])[object], { instanceOf: KbootError, message });
  t.is(error?.code, "patch");
  t.like(error?.where, { host: "cp1", file: "/home/me/lab.yaml", field: "hosts[0].patches[0]" });
});

test(
  "a place that is not there",
  refuses,
  "etcd",
  patchOf("etcd", "json", [{ op: "replace", path: "/spec/none", value: 1 }]),
  /operation 1, replace \/spec\/none: there is no such place/,
);
test(
  "a place to copy from that is not there",
  refuses,
  "etcd",
  patchOf("etcd", "json", [{ op: "copy", path: "/metadata/labels/a", from: "/spec/none" }]),
  /operation 1, copy \/metadata\/labels\/a: there is no such place: \/spec\/none/,
);
test(
  "a move into itself",
  refuses,
  "etcd",
  patchOf("etcd", "json", [{ op: "move", path: "/metadata/labels/a", from: "/metadata/labels" }]),
  /operation 1, move \/metadata\/labels\/a: \/metadata\/labels cannot be moved into itself/,
);
test(
  "a test that fails",
  refuses,
  "etcd",
  patchOf("etcd", "json", [{ op: "test", path: "/spec/hostNetwork", value: false }]),
  /operation 1, test .*: the value there is another/,
);
test(
  "a name that is kboot's",
  refuses,
  "etcd",
  patchOf("etcd", "merge", { metadata: { name: "x" } }),
  /metadata\.name must not be changed/,
);
test(
  "the component itself",
  refuses,
  "etcd",
  patchOf("etcd", "strategic", { spec: { containers: [{ name: "etcd", $patch: "delete" }] } }),
  /spec\.containers must keep the one called etcd/,
);
test(
  "an argument that others go by",
  refuses,
  "apiServer",
  patchOf("kube-apiserver", "json", [{ op: "add", path: "/spec/containers/0/command/-", value: "--service-cluster-ip-range=10.0.0.0/16" }]),
  /--service-cluster-ip-range must not be changed; set networking\.serviceSubnet/,
);
test(
  "such an argument beside the command",
  refuses,
  "apiServer",
  patchOf("kube-apiserver", "strategic", { spec: { containers: [{ name: "kube-apiserver", args: ["--secure-port=9999"] }] } }),
  /--secure-port must not be changed; set apiEndpoint\.bindPort/,
);
test(
  "such an argument in its other spelling",
  refuses,
  "apiServer",
  patchOf("kube-apiserver", "json", [{ op: "add", path: "/spec/containers/0/command/-", value: "--secure_port=9999" }]),
  /--secure-port must not be changed/,
);
test(
  "a container that is none",
  refuses,
  "etcd",
  patchOf("etcd", "json", [{ op: "add", path: "/spec/containers/-", value: null }]),
  /spec\.containers\[1\] must be a map with a name, and would be null/,
);
test(
  "containers that are no list",
  refuses,
  "etcd",
  patchOf("etcd", "merge", { spec: { initContainers: { name: "a" } } }),
  /spec\.initContainers must be a list, and would be \{"name":"a"\}/,
);
test(
  "a second container of the same name",
  refuses,
  "etcd",
  patchOf("etcd", "json", [{ op: "add", path: "/spec/initContainers", value: [{ name: "etcd", image: "x" }] }]),
  /spec\.initContainers\[0\] has the name of another, "etcd"/,
);
test(
  "a second volume of the same name",
  refuses,
  "etcd",
  patchOf("etcd", "json", [{ op: "copy", from: "/spec/volumes/0", path: "/spec/volumes/-" }]),
  /spec\.volumes\[2\] has the name of another, "etcd-certs"/,
);
test(
  "a number where the kubelet wants text",
  refuses,
  "etcd",
  patchOf("etcd", "strategic", { spec: { containers: [{ name: "etcd", env: [{ name: "A", value: 1 }] }] } }),
  /spec\.containers\[\]\.env\[\]\.value must be text, and would be 1/,
);
test(
  "an annotation that is no text",
  refuses,
  "etcd",
  patchOf("etcd", "merge", { metadata: { annotations: { a: true } } }),
  /metadata\.annotations\[\] must be text/,
);
test(
  "a field of the kubelet that follows from the cluster",
  refuses,
  "kubelet",
  patchOf("kubeletconfiguration", "merge", { clusterDomain: "x" }),
  /clusterDomain must not be changed; set networking\.dnsDomain/,
);
test(
  "a map around such a field",
  refuses,
  "kubelet",
  patchOf("kubeletconfiguration", "merge", { authentication: null }),
  /authentication\.x509\.clientCAFile must not be changed/,
);
test(
  "the kubelet's endpoint",
  refuses,
  "kubelet",
  patchOf("kubeletconfiguration", "merge", { containerRuntimeEndpoint: "unix:///x" }),
  /set kubelet\.containerRuntimeEndpoint/,
);

test("an argument of the audit log is kboot's with audit alone", (t) => {
  const words = ["--audit-log-path=/mine.log"];
  const own = patchOf("kube-apiserver", "strategic", { spec: { containers: [{ name: "kube-apiserver", args: words }] } });
  const host = testHost({ name: "cp1", nodeName: "cp1", role: "control-plane" });
  const apply = (audit: typeof testAudit | undefined) => {
    const cluster = testCluster({ hosts: [host], patches: [own], audit });
    const node = { cluster, nodeName: "cp1", nodeAddress: "192.168.56.11", facts: { directories: [] } };
    return patchObject("kube-apiserver", kubeApiServerPod(node), cluster, host);
  };
  t.deepEqual(apply(undefined).spec?.containers[0]?.args, words);
  t.throws(() => apply(testAudit), { instanceOf: KbootError, message: /--audit-log-path must not be changed; set audit\.logPath/ });
});

test("a patch that came from a file is told by that", (t) => {
  const patch = patchOf("etcd", "merge", { kind: "X" }, "patches/etcd.yaml");
  const error = t.throws(patched([], [patch]).etcd, { instanceOf: KbootError });
  t.deepEqual(error?.where, { host: "cp1", file: "patches/etcd.yaml" });
});

test("a patch may lower what the kubelet is given, in what one node reads alone", (t) => {
  const { kubelet } = patched(
    [],
    [patchOf("kubeletconfiguration", "strategic", { maxPods: 20, evictionHard: { "memory.available": "5%" } })],
  );
  t.like(kubelet(), { maxPods: 20, evictionHard: { "memory.available": "5%" } });
});
