import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { KbootError } from "../../src/errors.ts";
import { baseOf, joiningHostOf, readConfig } from "../../src/machine/config.ts";

async function config(text: string) {
  const file = join(await mkdtemp(join(tmpdir(), "kboot-config-")), "config.yaml");
  await writeFile(file, text);
  return readConfig(file);
}

function nobody(text: string): void {
  throw new Error(`nothing is to be told: ${text}`);
}

/** What is told of a file, in its order. */
function told(read: (say: (text: string) => void) => unknown): readonly string[] {
  const lines: string[] = [];
  read((text) => lines.push(text));
  return lines;
}

const node = (kind: string, more: string) => `apiVersion: kubeadm.k8s.io/v1beta4\nkind: ${kind}\n${more}`;
const own = (spec: string) => `apiVersion: kboot.dev/v1alpha1\nkind: Cluster\nspec: ${spec}\n`;
const kubelet = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nmaxPods: 55\n";
const cluster = (more: string) => `apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n${more}`;

test("kboot's own document stands beside kubeadm's and goes over them, field by field", async (t) => {
  const text = `# of mine\n${own("{ networking: { dnsDomain: corp.example }, kubelet: { failSwapOn: false } }")}---\n${kubelet}---\n${cluster("networking: { podSubnet: 10.1.0.0/16 }\n")}`;
  const { spec = {} } = baseOf(await config(text), "192.0.2.7", nobody);
  t.deepEqual(spec["networking"], { podSubnet: "10.1.0.0/16", dnsDomain: "corp.example" });
  t.deepEqual(spec["kubelet"], { maxPods: 55, failSwapOn: false });
});

test("a file of one kind alone will do, with comments too, and no version need be in it", async (t) => {
  const mine = await config(`# settings\n${own("{ network: { plugin: flannel } }")}`);
  t.like(baseOf(mine, "192.0.2.7", nobody), { spec: { network: { plugin: "flannel" } }, host: {} });
  t.like(baseOf(await config(kubelet), "192.0.2.7", nobody), { spec: { kubelet: { maxPods: 55 } } });
});

test("the address and the name that were chosen stand above those of the file", async (t) => {
  const text = `apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nlocalAPIEndpoint: { advertiseAddress: 192.0.2.1 }\nnodeRegistration: { name: vm7 }\n`;
  const { spec = {}, host = {} } = baseOf(await config(text), "192.0.2.7", nobody);
  t.like(spec["apiEndpoint"] as object, { host: "192.0.2.7" });
  t.false("nodeName" in host);
});

test("a setting is known by file, document and field; kboot's own document goes over kubeadm's", async (t) => {
  const registration = node("InitConfiguration", "nodeRegistration: { name: vm7 }\nlocalAPIEndpoint: { advertiseAddress: 192.0.2.7 }\n");
  const wish = await config(
    `${own("{ networking: { dnsDomain: corp.example } }")}---\n${cluster("networking: { podSubnet: 10.1.0.0/16, dnsDomain: other.example }\n")}---\n${registration}`,
  );
  const { originOf } = baseOf(wish, "192.0.2.7", nobody);
  t.is(originOf?.(["spec", "networking", "dnsDomain"]), `${wish.file}: Cluster.networking.dnsDomain`);
  t.is(originOf?.(["spec", "networking", "podSubnet"]), `${wish.file}: ClusterConfiguration.networking.podSubnet`);
  t.is(originOf?.(["spec", "hosts", 0, "nodeName"]), `${wish.file}: InitConfiguration.nodeRegistration.name`);
  t.is(originOf?.(["spec", "hosts", 0, "nodeAddress"]), `${wish.file}: InitConfiguration.localAPIEndpoint.advertiseAddress`);
  t.is(originOf?.(["spec", "networking", "serviceSubnet"]), undefined);
  const elsewhere = await config(`${cluster("")}---\n${node("InitConfiguration", "")}`);
  t.is(baseOf(elsewhere, "192.0.2.7", nobody).originOf?.(["spec", "hosts", 0, "nodeAddress"]), undefined, "by flag or default");
});

test("what kboot cannot do is refused by its field", async (t) => {
  const wish = await config(cluster("etcd: { external: { endpoints: ['https://192.0.2.9:2379'] } }\n"));
  const error = t.throws(() => baseOf(wish, "192.0.2.7", nobody), { instanceOf: KbootError, code: "kubeadm-config" });
  t.regex(error.message, /ClusterConfiguration\.etcd\.external /);
});

const pulls = "nodeRegistration: { imagePullPolicy: Always, imagePullSerial: false, ignorePreflightErrors: [Swap] }\n";
const discovery = "discovery: { file: { kubeConfigPath: /root/cluster.conf } }\n";

test("what changes nothing when it is not kept to is told, by file and field", async (t) => {
  const wish = await config(
    `${node("InitConfiguration", `${pulls}timeouts: { discovery: 1m }\ndryRun: true\n`)}---\n${node("JoinConfiguration", discovery)}`,
  );
  const lines = told((say) => baseOf(wish, "192.0.2.7", say));
  t.deepEqual(
    lines.map((line) => line.replace(`not used: ${wish.file}: `, "").split(" ")[0]),
    [
      "InitConfiguration.nodeRegistration.imagePullPolicy",
      "InitConfiguration.nodeRegistration.imagePullSerial",
      "InitConfiguration.timeouts",
      "JoinConfiguration",
    ],
  );
});

test("a machine that joins takes of its JoinConfiguration what an inventory has for a host", async (t) => {
  const registration = `nodeRegistration:
  name: vm7
  taints: [{ key: a, effect: NoSchedule }]
  kubeletExtraArgs:
    - { name: node-ip, value: 192.0.2.8 }
    - { name: node-labels, value: "disk=ssd,topology.kubernetes.io/zone=a" }
    - { name: v, value: "4" }
`;
  t.deepEqual(joiningHostOf(await config(node("JoinConfiguration", discovery + registration)), nobody), {
    nodeName: "vm7",
    nodeAddress: "192.0.2.8",
    labels: { disk: "ssd", "topology.kubernetes.io/zone": "a" },
    taints: [{ key: "a", effect: "NoSchedule" }],
    kubeletExtraArgs: { v: "4" },
  });
});

test("of a join too, what changes nothing is told, and all else that kboot cannot do is refused", async (t) => {
  const harmless = await config(
    `${node("JoinConfiguration", `${discovery}${pulls}timeouts: { discovery: 1m, tlsBootstrap: 2m }\ncaCertPath: /etc/kubernetes/pki/ca.crt\n`)}---\n${cluster("")}---\n${kubelet}`,
  );
  t.deepEqual(
    told((say) => joiningHostOf(harmless, say)).map((line) => line.replace(`not used: ${harmless.file}: `, "").split(" ")[0]),
    [
      "JoinConfiguration.nodeRegistration.imagePullPolicy",
      "JoinConfiguration.nodeRegistration.imagePullSerial",
      "JoinConfiguration.timeouts.tlsBootstrap",
      "ClusterConfiguration",
      "KubeletConfiguration",
    ],
  );
  const refused: readonly (readonly [string, RegExp])[] = [
    ["caCertPath: /etc/other/ca.crt\n", /: JoinConfiguration\.caCertPath is \/etc\/other\/ca\.crt; /],
    ["controlPlane: {}\n", /: JoinConfiguration\.controlPlane asks /],
    ["nodeRegistration: { criSocket: /run/crio/crio.sock }\n", /: JoinConfiguration\.nodeRegistration\.criSocket is \/run\/crio/],
    [
      "nodeRegistration: { kubeletExtraArgs: [{ name: kubeconfig, value: /root/k.conf }] }\n",
      /: JoinConfiguration\.nodeRegistration\.kubeletExtraArgs\.kubeconfig must not be set here/,
    ],
    [
      "nodeRegistration: { kubeletExtraArgs: [{ name: node-labels, value: node-role.kubernetes.io/master= }] }\n",
      /: JoinConfiguration\.nodeRegistration\.kubeletExtraArgs\["node-labels"\]/,
    ],
  ];
  for (const [more, says] of refused) {
    const wish = await config(node("JoinConfiguration", discovery + more));
    const error = t.throws(() => joiningHostOf(wish, nobody), { instanceOf: KbootError, code: "kubeadm-config" }, more);
    t.regex(error.message, says);
    t.true(error.message.startsWith(wish.file));
  }
});

test("a document of kboot's that is none is refused", async (t) => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    [own("{ hosts: [] }"), /lists hosts/],
    [own("{ network: 1, network: 2 }"), /not YAML/],
    [own("{ kubelet: *nope }"), /alias/],
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
