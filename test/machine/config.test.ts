import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { KbootError } from "../../src/errors.ts";
import { baseOf, readConfig } from "../../src/machine/config.ts";

async function config(text: string) {
  const file = join(await mkdtemp(join(tmpdir(), "kboot-config-")), "config.yaml");
  await writeFile(file, text);
  return readConfig(file);
}

const own = (spec: string) => `apiVersion: kboot.dev/v1alpha1\nkind: Cluster\nspec: ${spec}\n`;
const kubelet = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nmaxPods: 55\n";
const cluster = (more: string) => `apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n${more}`;

test("kboot's own document stands beside kubeadm's and goes over them, field by field", async (t) => {
  const text = `# of mine\n${own("{ networking: { dnsDomain: corp.example }, kubelet: { failSwapOn: false } }")}---\n${kubelet}---\n${cluster("networking: { podSubnet: 10.1.0.0/16 }\n")}`;
  const { spec = {} } = baseOf(await config(text), "192.0.2.7");
  t.deepEqual(spec["networking"], { podSubnet: "10.1.0.0/16", dnsDomain: "corp.example" });
  t.deepEqual(spec["kubelet"], { maxPods: 55, failSwapOn: false });
});

test("a file of one kind alone will do, with comments too, and no version need be in it", async (t) => {
  const mine = await config(`# settings\n${own("{ network: { plugin: flannel } }")}`);
  t.deepEqual(baseOf(mine, "192.0.2.7"), { spec: { network: { plugin: "flannel" } }, host: {} });
  t.like(baseOf(await config(kubelet), "192.0.2.7"), { spec: { kubelet: { maxPods: 55 } } });
});

test("the address and the name that were chosen stand above those of the file", async (t) => {
  const text = `apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nlocalAPIEndpoint: { advertiseAddress: 192.0.2.1 }\nnodeRegistration: { name: vm7 }\n`;
  const { spec = {}, host = {} } = baseOf(await config(text), "192.0.2.7");
  t.like(spec["apiEndpoint"] as object, { host: "192.0.2.7" });
  t.false("nodeName" in host);
});

test("what kboot cannot do is refused by its field", async (t) => {
  const wish = await config(cluster("etcd: { external: { endpoints: ['https://192.0.2.9:2379'] } }\n"));
  const error = t.throws(() => baseOf(wish, "192.0.2.7"), { instanceOf: KbootError, code: "kubeadm-config" });
  t.regex(error.message, /ClusterConfiguration\.etcd\.external /);
});

test("a document of kboot's that is none is refused", async (t) => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    [own("{ hosts: [] }"), /lists hosts/],
    [own("{ network: 1, network: 2 }"), /not YAML/],
    [own("{}").replace("kind: Cluster", "kind: Foo"), /Foo of kboot\.dev\/v1alpha1 is no document/],
    [own("{}").replace("v1alpha1", "v9"), /kboot\.dev\/v9 is no document/],
    [own("{}").replace("spec:", "Spec:"), /Spec is no field/],
    [`${own("{}")}---\n${own("{}")}`, /two documents of kboot's/],
  ];
  for (const [text, says] of wrong) {
    const error = await t.throwsAsync(config(text), { instanceOf: KbootError, code: "usage" }, text);
    t.regex(error.message, says);
    t.not((error as KbootError).hint, undefined);
  }
});
