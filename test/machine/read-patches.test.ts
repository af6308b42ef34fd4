import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { stringify } from "yaml";
import { KbootError } from "../../src/errors.ts";
import { readPatches } from "../../src/machine/read-patches.ts";

async function folder(t: ExecutionContext, files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "kboot-patches-"));
  t.teardown(() => rm(root, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  return root;
}

test("files are read in alphabetical order, each document by itself", async (t) => {
  const root = await folder(t, {
    "etcd2+merge.json": '{"b": 2}',
    "etcd1.yaml": "a: 1\n---\n# nothing\n---\nb: 1\n",
    "deeper/kube-scheduler+json.yaml": "- {op: remove, path: /a}\n",
    "kubeletconfiguration-x.y+strategic.yaml": "maxPods: 9\n",
  });
  const { patches, ignored } = readPatches(root);
  t.deepEqual(
    patches.map(({ name, ...patch }) => ({ ...patch, name: name?.slice(root.length + 1) })),
    [
      { name: "deeper/kube-scheduler+json.yaml", target: "kube-scheduler", type: "json", patch: [{ op: "remove", path: "/a" }] },
      { name: "etcd1.yaml", target: "etcd", type: "strategic", patch: { a: 1 } },
      { name: "etcd1.yaml", target: "etcd", type: "strategic", patch: { b: 1 } },
      { name: "etcd2+merge.json", target: "etcd", type: "merge", patch: { b: 2 } },
      { name: "kubeletconfiguration-x.y+strategic.yaml", target: "kubeletconfiguration", type: "strategic", patch: { maxPods: 9 } },
    ],
  );
  t.deepEqual(ignored, []);
});

test("values are those that kubeadm's YAML has", async (t) => {
  const root = await folder(t, { "etcd.yaml": "{a: yes, b: 'yes', c: 2024-01-01, d: 1:30, e: 0644, f: &x [1], g: *x}" });
  t.deepEqual(readPatches(root).patches[0]?.patch, { a: true, b: "yes", c: "2024-01-01", d: "1:30", e: 420, f: [1], g: [1] });
});

test("what an alias stands for is written out, so that an inventory can hold it", async (t) => {
  const root = await folder(t, { "etcd.yaml": "metadata: {labels: &x {a: b}, annotations: *x}\n" });
  t.notRegex(stringify(readPatches(root).patches), /[&*]/);
});

test("files that are no patches are told", async (t) => {
  const root = await folder(t, {
    "README.md": "x",
    "kube-proxy.yaml": "{}",
    "etcd.yaml": "",
    "etcd1.yaml": "# later\n",
    "kube-apiserver.yml": "{}",
  });
  const { patches, ignored } = readPatches(root);
  t.deepEqual(patches, []);
  t.deepEqual(
    ignored.map((sentence) => sentence.slice(root.length + 1)),
    [
      "README.md is left out: the name of a patch ends in .json or .yaml",
      "etcd.yaml is left out: there is no patch in it",
      "etcd1.yaml is left out: there is no patch in it",
      "kube-apiserver.yml is left out: the name of a patch ends in .json or .yaml",
      "kube-proxy.yaml is left out: the name of a patch begins with one of kube-apiserver, kube-controller-manager, kube-scheduler, etcd, kubeletconfiguration, corednsdeployment",
    ],
  );
});

const refuses = test.macro(async (t, files: Readonly<Record<string, string>>, message: RegExp) => {
  const root = await folder(t, files);
  const error = t.throws(() => readPatches(root), { instanceOf: KbootError, message });
  t.is(error?.code, "patch");
  t.is(error?.where.file, join(root, Object.keys(files)[0] ?? ""));
  t.not(error?.hint, undefined);
});

test("a type that is none", refuses, { "etcd+jsn.yaml": "a: 1" }, /^jsn is no type of patch/);
test("no type after +", refuses, { "etcd+.yaml": "a: 1" }, /^there is no type of patch/);
test("what is no YAML", refuses, { "etcd.yaml": "a: [" }, /^this is not YAML: /);
test("an alias of nothing", refuses, { "etcd.yaml": "a: *nothing" }, /^an anchor or alias leads nowhere: Unresolved alias/);
test("an alias within what it stands for", refuses, { "etcd.yaml": "a: &x [*x]" }, /^an anchor or alias leads nowhere: /);
test("what is no map", refuses, { "etcd.yaml": "word" }, /^a patch is a map, or a list/);
test("a list in a strategic patch", refuses, { "etcd.yaml": "[]" }, /^patch: must be a map with type strategic/);
test("an operation that is none", refuses, { "etcd+json.yaml": "[{op: ad, path: /a}]" }, /^patch\[0\]\.op: must be .* did you mean add/);
test(
  "an operation without a value",
  refuses,
  { "etcd+json.yaml": "[{op: add, path: /a}]" },
  /^patch\[0\]\.value: is missing; add needs one/,
);

test("a folder that is not there", (t) => {
  const error = t.throws(() => readPatches("/nowhere"), { instanceOf: KbootError, message: /^cannot be read: ENOENT/ });
  t.like(error?.where, { file: "/nowhere" });
});
