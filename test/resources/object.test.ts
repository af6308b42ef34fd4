import test from "ava";
import type { Api, KubernetesObject } from "../../src/engine/contracts.ts";
import { KbootError } from "../../src/errors.ts";
import { absentObject, object, objectKind } from "../../src/resources/object.ts";
import { compareObject } from "../../src/resources/object-compare.ts";

const { signal } = new AbortController();

const wish: KubernetesObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "dns", namespace: "kube-system", labels: { app: "dns", marked: "" } },
  spec: {
    replicas: 2,
    template: {
      metadata: { labels: { app: "dns" } },
      spec: {
        hostNetwork: false,
        tolerations: [{ operator: "Exists" }],
        volumes: [{ name: "run", emptyDir: {} }],
        containers: [
          {
            name: "dns",
            image: "dns:1",
            args: ["-conf", "/etc/dns"],
            ports: [{ containerPort: 53, protocol: "UDP" }, { containerPort: 53 }],
          },
        ],
      },
    },
  },
};

/** As the API would show it: without zero values, with defaults, with what others added. */
function live(change: (spec: Loose, object: Loose) => void = () => {}): KubernetesObject {
  const shown = structuredClone(wish) as unknown as Loose;
  const spec = shown.spec.template.spec;
  delete spec.hostNetwork;
  spec.dnsPolicy = "ClusterFirst";
  spec.containers.unshift({ name: "sidecar", image: "mesh:1" });
  spec.containers[1].ports = [
    { containerPort: 53, protocol: "TCP" },
    { containerPort: 53, protocol: "UDP" },
  ];
  shown.metadata.labels.team = "blue";
  change(spec, shown);
  return shown as unknown as KubernetesObject;
}

// biome-ignore lint/suspicious/noExplicitAny: objects that are taken apart at will
type Loose = any;

const whats = (differences: readonly { what: string }[]) => differences.map(({ what }) => what);

test("defaults, zero values and what others added are no difference", (t) => {
  t.deepEqual(compareObject(wish, live()), []);
});

const finds = test.macro((t, change: (spec: Loose, object: Loose) => void, expected: string[]) => {
  t.deepEqual(whats(compareObject(wish, live(change))), expected);
});

test("finds another value", finds, (spec: Loose) => Object.assign(spec.containers[1], { image: "dns:2" }), [
  "spec.template.spec.containers[dns].image",
]);
test("finds a missing item of a keyed list", finds, (spec: Loose) => spec.containers.pop(), ["spec.template.spec.containers[dns]"]);
test("finds a missing port of two with one number", finds, (spec: Loose) => spec.containers[1].ports.pop(), [
  "spec.template.spec.containers[dns].ports[53 UDP]",
]);
test("finds an item more in a plain list", finds, (spec: Loose) => spec.tolerations.push({ key: "x" }), ["spec.template.spec.tolerations"]);
test("finds another order in a plain list", finds, (spec: Loose) => spec.containers[1].args.reverse(), [
  "spec.template.spec.containers[dns].args[0]",
  "spec.template.spec.containers[dns].args[1]",
]);
test("finds a missing empty map", finds, (spec: Loose) => delete spec.volumes[0].emptyDir, ["spec.template.spec.volumes[run].emptyDir"]);
test("finds a missing label of empty value", finds, (_: Loose, all: Loose) => delete all.metadata.labels.marked, [
  "metadata.labels.marked",
]);

test("fields that kboot set and no longer wishes are a difference", (t) => {
  const fields = (path: Loose) => ({ "f:spec": { "f:template": { "f:spec": path } } });
  const container = { "f:containers": { 'k:{"name":"dns"}': { ".": {}, "f:image": {}, "f:env": { 'k:{"name":"DEBUG"}': { ".": {} } } } } };
  const own = (manager: string, operation = "Apply") =>
    live((_, all) => {
      all.metadata.managedFields = [{ manager, operation, fieldsV1: fields({ ...container, "f:dnsPolicy": {} }) }];
    });
  t.deepEqual(whats(compareObject(wish, own("kboot"))), ["spec.template.spec.containers[dns].env", "spec.template.spec.dnsPolicy"]);
  t.deepEqual(compareObject(wish, own("kubectl")), []);
  t.deepEqual(compareObject(wish, own("kboot", "Update")), []);
});

const env = (name: string) => ({ "f:env": { ".": {}, [`k:{"name":"${name}"}`]: { ".": {}, "f:name": {}, "f:value": {} } } });
const inTemplate = (spec: Loose, metadata?: Loose) => ({
  "f:spec": { "f:template": { ...(metadata === undefined ? {} : { "f:metadata": metadata }), "f:spec": spec } },
});
const inContainer = (fields: Loose) => ({ "f:containers": { 'k:{"name":"dns"}': fields } });
const kboots = { manager: "kboot", operation: "Apply", fieldsV1: inTemplate(inContainer({ ".": {}, "f:name": {}, "f:image": {} })) };
const recorded = (...managedFields: readonly unknown[]) =>
  live((_, all) => Object.assign(all.metadata, { resourceVersion: "7", managedFields }));

test("what others add to an object that kboot has applied is a difference, named with who did it", (t) => {
  const fields = { ...inTemplate({ ...inContainer({ "f:image": {}, ...env("DEBUG") }), "f:hostPID": {} }), "f:data": { "f:more": {} } };
  const others = { manager: "kubectl-edit", operation: "Update", fieldsV1: fields };
  t.deepEqual(compareObject(wish, recorded(kboots, others)), [
    { what: "data", from: "set by kubectl-edit", to: "absent" },
    { what: "spec.template.spec.containers[dns].env", from: "set by kubectl-edit", to: "absent" },
    { what: "spec.template.spec.hostPID", from: "set by kubectl-edit", to: "absent" },
  ]);
  t.deepEqual(compareObject(wish, recorded(others)), []);
});

test("what controllers set, labels and annotations, a restart by kubectl, and kept fields are no difference", (t) => {
  const by = (manager: string, fieldsV1: Loose, more = {}) => recorded(kboots, { manager, operation: "Update", fieldsV1, ...more });
  const restart = inTemplate({}, { "f:annotations": { ".": {}, "f:kubectl.kubernetes.io/restartedAt": {} } });
  t.deepEqual(compareObject(wish, by("kubectl-rollout", restart)), []);
  t.deepEqual(compareObject(wish, by("kubectl-label", { "f:metadata": { "f:labels": { "f:team": {} } } })), []);
  t.deepEqual(compareObject(wish, by("kube-controller-manager", { "f:data": { "f:jws-kubeconfig-abcdef": {} } })), []);
  t.deepEqual(compareObject(wish, by("operator", { "f:status": {}, "f:x": {} }, { subresource: "status" })), []);
  t.deepEqual(compareObject(wish, by("kubectl-edit", { "f:spec": { "f:replicas": {} } }), ["spec.replicas"]), []);
  t.deepEqual(whats(objectKind.compare(object(wish), { live: by("kubectl-create", { "f:data": { "f:password": {} } }) })), ["data"]);
  t.deepEqual(objectKind.compare(object(wish, { secrets: {} }), { live: by("kubectl-create", { "f:data": { "f:password": {} } }) }), []);
});

test("what others have added becomes kboot's before it applies, so that the apply removes it; the rest stays theirs", async (t) => {
  const status = { manager: "kubelet", operation: "Update", subresource: "status", fieldsV1: {} };
  const image = { "f:image": {} };
  const label = { "f:metadata": { "f:labels": { "f:team": {} } } };
  const edit = {
    manager: "kubectl-edit",
    operation: "Update",
    fieldsV1: { ...label, ...inTemplate(inContainer({ ...image, ...env("A") })) },
  };
  const add = { manager: "kubectl-set", operation: "Update", fieldsV1: inTemplate(inContainer(env("B"))) };
  const found = recorded(kboots, edit, status, add);
  const { api, calls } = recordingApi([found]);
  await objectKind.change([item(object(wish), found)], api, signal);
  const { fieldsV1: own } = kboots;
  const claimed = inTemplate(
    inContainer({ ...(own["f:spec"]["f:template"]["f:spec"] as Loose)["f:containers"]['k:{"name":"dns"}'], ...env("A"), ...env("B") }),
  );
  t.deepEqual(calls[0] as unknown, {
    verb: "patch",
    object: {
      metadata: {
        resourceVersion: "7",
        managedFields: [
          { ...kboots, fieldsV1: claimed },
          { ...edit, fieldsV1: { ...label, "f:spec": { "f:template": { "f:spec": inContainer(image) } } } },
          status,
        ],
      },
    },
  });
  t.is(calls[1]?.manager, "kboot");
});

test("kept fields are compared only while nobody has set them", (t) => {
  const owned = (managedFields: unknown) =>
    live((_, all) => {
      all.spec.replicas = 7;
      all.metadata.managedFields = managedFields;
    });
  t.deepEqual(whats(compareObject(wish, owned([]), ["spec.replicas"])), ["spec.replicas"]);
  const scaled = [{ manager: "kubectl", operation: "Update", subresource: "scale", fieldsV1: { "f:spec": { "f:replicas": {} } } }];
  t.deepEqual(compareObject(wish, owned(scaled), ["spec.replicas"]), []);
});

test("a document in a ConfigMap is compared by meaning, other text by its characters", (t) => {
  const config = (data: Record<string, string>) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data });
  t.deepEqual(compareObject(config({ a: "x: 1\ny: ''\n" }), config({ a: '"x": 1\n' })), []);
  t.deepEqual(whats(compareObject(config({ a: "x: 1\n" }), config({ a: "x: 2\n" }))), ["data.a"]);
  t.deepEqual(whats(compareObject(config({ a: ". {\n a\n}\n" }), config({ a: ". {\n  a\n}\n" }))), ["data.a"]);
});

interface Call {
  readonly verb: string;
  readonly object: unknown;
  readonly manager?: string;
}

/** An Api that remembers what it was asked to change, and answers with these objects. */
function recordingApi(found: readonly KubernetesObject[] = [], failures: Error[] = []) {
  const calls: Call[] = [];
  const unused = () => Promise.reject(new Error("not asked for"));
  const api: Api = {
    get: async (ref) => found.find(({ kind, metadata }) => kind === ref.kind && metadata.name === ref.metadata.name),
    async apply(applied, { manager }) {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      calls.push({ verb: "apply", object: applied, manager });
      return applied;
    },
    async patch(ref, patch) {
      calls.push({ verb: "patch", object: patch });
      return ref as KubernetesObject;
    },
    list: unused,
    async delete(ref) {
      calls.push({ verb: "delete", object: ref });
    },
    evict: unused,
    probe: unused,
  };
  return { api, calls };
}

const item = (resource: ReturnType<typeof object>, found?: KubernetesObject) => ({
  resource,
  observed: { live: found },
  differences: [],
});

const replicasOnly = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "dns", namespace: "kube-system" },
  spec: { replicas: 2 },
};

test("a new object is applied without its kept fields, which follow under a manager of their own", async (t) => {
  const { api, calls } = recordingApi();
  await objectKind.change([item(object(wish, { keep: ["spec.replicas"] }))], api, signal);
  const { replicas: _, ...spec } = wish["spec"] as Loose;
  t.deepEqual(calls as unknown[], [
    { verb: "apply", object: { ...wish, spec }, manager: "kboot" },
    { verb: "apply", object: replicasOnly, manager: "kboot-initial" },
  ]);
});

test("kubeadm's fields become kboot's, its kept fields after they have another owner", async (t) => {
  const status = { manager: "kubelet", operation: "Update", subresource: "status", fieldsV1: {} };
  const kubeadms = { manager: "kubeadm", operation: "Update", fieldsV1: { "f:spec": { "f:replicas": {} } } };
  const found = live((_, all) => {
    Object.assign(all.metadata, { resourceVersion: "7", managedFields: [kubeadms, status] });
  });
  const { api, calls } = recordingApi([found]);
  await objectKind.change([item(object(wish, { keep: ["spec.replicas"] }), found)], api, signal);
  t.deepEqual(calls.slice(0, 2) as unknown[], [
    { verb: "apply", object: replicasOnly, manager: "kboot-initial" },
    {
      verb: "patch",
      object: { metadata: { resourceVersion: "7", managedFields: [{ ...kubeadms, manager: "kboot", operation: "Apply" }, status] } },
    },
  ]);
  t.is(calls[2]?.manager, "kboot");
});

test("namespaces come first, then what pods need, then what starts pods", async (t) => {
  const { api, calls } = recordingApi();
  const make = (kind: string) => item(object({ apiVersion: "v1", kind, metadata: { name: "x" } }));
  await objectKind.change(["DaemonSet", "ConfigMap", "Namespace"].map(make), api, signal);
  t.deepEqual(
    calls.map(({ object: applied }) => (applied as KubernetesObject).kind),
    ["Namespace", "ConfigMap", "DaemonSet"],
  );
});

test("what is no longer wished is deleted, if kboot applied it, before anything is applied", async (t) => {
  const gone = absentObject(wish);
  const by = (manager: string) => live((_, all) => Object.assign(all.metadata, { managedFields: [{ manager, operation: "Apply" }] }));
  t.deepEqual(whats(objectKind.compare(gone, { live: by("kboot") })), ["object"]);
  t.deepEqual(objectKind.compare(gone, { live: by("kubectl") }), []);
  t.deepEqual(objectKind.compare(gone, { live: undefined }), []);
  t.deepEqual(objectKind.compare(gone, undefined), []);
  const { api, calls } = recordingApi();
  await objectKind.change([item(object(wish)), item(gone, by("kboot"))], api, signal);
  t.deepEqual(
    calls.map(({ verb, object: one }) => `${verb} ${(one as KubernetesObject).metadata.name}`),
    ["delete dns", "apply dns"],
  );
});

test("tries again what can heal, and only that", async (t) => {
  const healing = recordingApi([], [new KbootError("api", "namespace not found", { transient: true })]);
  await objectKind.change([item(object(wish))], healing.api, signal);
  t.is(healing.calls.length, 1);
  const broken = recordingApi([], [new KbootError("api", "forbidden")]);
  const error = await t.throwsAsync(objectKind.change([item(object(wish))], broken.api, signal), { instanceOf: KbootError });
  t.is(error.message, "forbidden");
  t.is(broken.calls.length, 0);
});

test("observes by id, and tells an absent object from an API that cannot be asked", async (t) => {
  const resource = object(wish);
  const id = "object:apps/v1/Deployment/kube-system/dns";
  const present = await objectKind.observe([resource], recordingApi([live()]).api, signal);
  t.deepEqual(objectKind.compare(resource, present.get(id)), []);
  const absent = await objectKind.observe([resource], recordingApi().api, signal);
  t.deepEqual(objectKind.compare(resource, absent.get(id)), [{ what: "object", to: "present" }]);
  t.deepEqual(objectKind.compare(resource, undefined), [{ what: "object", to: "known once the API answers", unsure: true }]);
});
