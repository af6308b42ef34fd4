import test from "ava";
import { KbootError } from "../../src/errors.ts";
import { readOwnSettings } from "../../src/machine/own-settings.ts";

const read = (own: Readonly<Record<string, unknown>>) => readOwnSettings({ file: "/srv/join.yaml", own });

test("a machine may have settings of containerd and kubelet, and sources beside its file", (t) => {
  t.deepEqual(read({ containerd: { debug: { level: "info" } }, kubelet: { maxPods: 9 }, sources: [{ bundle: "b" }] }), {
    containerd: { debug: { level: "info" } },
    kubelet: { maxPods: 9 },
    sources: [{ kind: "bundle", path: "/srv/b" }],
  });
  t.deepEqual(read({}), {});
});

const wrong: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp])[] = [
  ["the cluster's", { sysctls: {} }, /^\/srv\/join\.yaml: a machine that joins cannot have sysctls/],
  ["of another shape", { sources: "here" }, /^\/srv\/join\.yaml: Cluster\.sources: /],
  ["kboot's own", { kubelet: { staticPodPath: "/x" } }, /^\/srv\/join\.yaml: Cluster\.kubelet\.staticPodPath: must not be set here/],
  ["of a control plane", { patches: [{ target: "etcd", patch: {} }] }, /Cluster\.patches\[0\]\.target: etcd does not run on a worker/],
  ["no operation", { patches: [{ target: "kubeletconfiguration", type: "json", patch: [{}] }] }, /Cluster\.patches\[0\]\.patch\[0\]\.op: /],
  ["kboot's own too", { containerd: { version: 2 } }, /^\/srv\/join\.yaml: Cluster\.containerd\.version: must not be set here/],
];
for (const [title, own, says] of wrong) {
  test(`a setting that is ${title} is refused by file and field`, (t) => {
    const error = t.throws(() => read(own), { instanceOf: KbootError, code: "usage" });
    t.regex(error.message, says);
    t.not((error as KbootError).hint, undefined);
  });
}
