import test from "ava";
import fc from "fast-check";
import { mergeKeysOf } from "../../../src/kubernetes/patches/merge-keys.ts";
import { strategicMerge } from "../../../src/kubernetes/patches/strategic-merge.ts";

type Spec = Readonly<Record<string, unknown>>;

/** A pod's `spec` with the patch over it, as the API server and kubeadm would merge it. */
const merges = test.macro((t, original: Spec, patch: Spec, expected: Spec) => {
  const before = structuredClone({ original, patch });
  t.deepEqual(strategicMerge({ spec: original }, { spec: patch }, mergeKeysOf.Pod), { spec: expected });
  t.deepEqual({ original, patch }, before, "neither is changed");
});

const refuses = test.macro((t, original: Spec, patch: Spec, message: RegExp) => {
  t.throws(() => strategicMerge({ spec: original }, { spec: patch }, mergeKeysOf.Pod), { message });
});

const [a, b, c] = [
  { name: "a", image: "x" },
  { name: "b", image: "x" },
  { name: "c", image: "x" },
];

test(
  "maps are merged, null removes, other values replace",
  merges,
  { nodeSelector: { a: "1", b: "2" }, hostPID: true },
  { nodeSelector: { a: null, c: "3" }, hostPID: false },
  { nodeSelector: { b: "2", c: "3" }, hostPID: false },
);
test(
  "a null for what is not there is not kept",
  merges,
  { hostPID: true },
  { hostIPC: null, dnsConfig: { options: null } },
  { hostPID: true, dnsConfig: {} },
);
test(
  "elements are merged by their key",
  merges,
  { containers: [a, b] },
  { containers: [{ name: "b", image: "y" }] },
  { containers: [a, { name: "b", image: "y" }] },
);
test("a new element stands before those that were there", merges, { containers: [a, b] }, { containers: [c] }, { containers: [c, a, b] });
test(
  "known elements take the order of the patch",
  merges,
  { containers: [a, b, c] },
  { containers: [{ name: "c" }, { name: "a" }] },
  { containers: [b, c, a] },
);
test(
  "keys below elements are found",
  merges,
  { containers: [{ ...a, env: [{ name: "X", value: "1" }], ports: [{ containerPort: 1 }] }] },
  { containers: [{ name: "a", env: [{ name: "X", value: "2" }], ports: [{ containerPort: 1, name: "p" }] }] },
  { containers: [{ ...a, env: [{ name: "X", value: "2" }], ports: [{ containerPort: 1, name: "p" }] }] },
);
test(
  "a list without a key is replaced",
  merges,
  { tolerations: [{ key: "a" }] },
  { tolerations: [{ key: "b" }] },
  { tolerations: [{ key: "b" }] },
);
test("$patch: delete takes an element away", merges, { volumes: [a, b] }, { volumes: [{ name: "a", $patch: "delete" }] }, { volumes: [b] });
test(
  "$patch: replace in a list leaves the patch's elements alone",
  merges,
  { volumes: [a, b] },
  { volumes: [{ $patch: "replace" }, c] },
  { volumes: [c] },
);
test(
  "$patch: replace in a map leaves the patch's fields alone",
  merges,
  { securityContext: { runAsUser: 1 } },
  { securityContext: { $patch: "replace", fsGroup: 2 } },
  { securityContext: { fsGroup: 2 } },
);
test(
  "$patch: delete empties a map",
  merges,
  { securityContext: { runAsUser: 1 } },
  { securityContext: { $patch: "delete" } },
  { securityContext: {} },
);
test(
  "$patch has nothing to act on where nothing was",
  merges,
  {},
  { securityContext: { $patch: "delete" }, volumes: [{ name: "a", $patch: "delete" }, b] },
  { volumes: [b] },
);
test(
  "$retainKeys drops the other fields",
  merges,
  { volumes: [{ name: "a", hostPath: { path: "/x" } }] },
  { volumes: [{ name: "a", $retainKeys: ["name", "emptyDir"], emptyDir: {} }] },
  { volumes: [{ name: "a", emptyDir: {} }] },
);
test(
  "$deleteFromPrimitiveList takes words away",
  merges,
  { containers: [{ ...a, command: ["x", "--a", "--b"] }] },
  { containers: [{ name: "a", "$deleteFromPrimitiveList/command": ["--a", "--c"] }] },
  { containers: [{ ...a, command: ["x", "--b"] }] },
);

test(
  "an element without its key",
  refuses,
  { containers: [a] },
  { containers: [{ image: "y" }] },
  /^spec\.containers each element .* needs name/,
);
test(
  "an unknown $patch",
  refuses,
  { containers: [a] },
  { containers: [{ name: "a", $patch: "merge" }] },
  /^spec\.containers \$patch: "merge" is not known/,
);
test(
  "$setElementOrder",
  refuses,
  { containers: [a] },
  { "$setElementOrder/containers": [{ name: "a" }] },
  /^spec\.\$setElementOrder\/containers this directive is not known/,
);
test(
  "a directive in a list that is replaced",
  refuses,
  { tolerations: [{ key: "a" }] },
  { tolerations: [{ $patch: "replace" }] },
  /^spec\.tolerations is new or replaced whole, so \$patch/,
);
test(
  "a field that $retainKeys forgets",
  refuses,
  { volumes: [a] },
  { volumes: [{ name: "a", $retainKeys: ["name"], emptyDir: {} }] },
  /^spec\.volumes\.emptyDir is set by the patch/,
);
test(
  "words that are not words",
  refuses,
  { volumes: [a] },
  { "$deleteFromPrimitiveList/volumes": ["a"] },
  /^spec\.volumes is no list of plain values/,
);

test("finalizers are a set", (t) => {
  const of = (finalizers: readonly string[]) => ({ metadata: { finalizers } });
  t.deepEqual(strategicMerge(of(["a", "b"]), of(["c", "a"]), mergeKeysOf.Pod), of(["c", "a", "b"]));
});

test("a Deployment has the keys of its pods", (t) => {
  const of = (spec: unknown) => ({ spec: { template: { spec } } });
  t.deepEqual(
    strategicMerge(of({ containers: [a, b] }), of({ containers: [{ name: "b", image: "y" }] }), mergeKeysOf.Deployment),
    of({ containers: [a, { name: "b", image: "y" }] }),
  );
});

test("a patch that says what is there changes nothing, and one that is applied twice no more than once", (t) => {
  const name = fc.constantFrom("a", "b", "c", "d");
  const container = fc.record({ name, image: name, command: fc.array(name, { maxLength: 3 }) });
  const containers = fc.uniqueArray(container, { selector: (one) => one.name, maxLength: 4 });
  const spec = fc.record({ containers, hostPID: fc.boolean(), nodeSelector: fc.dictionary(name, name) });
  const merge = (original: Spec, patch: Spec) => strategicMerge({ spec: original }, { spec: patch }, mergeKeysOf.Pod)["spec"] as Spec;
  fc.assert(fc.property(spec, (one) => t.deepEqual(merge(one, one), one)));
  fc.assert(fc.property(spec, spec, (one, other) => t.deepEqual(merge(merge(one, other), other), merge(one, other))));
});
