import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import type { ActionContext, Api, KubernetesObject } from "../../src/engine/contracts.ts";
import type { ErrorCode } from "../../src/errors/catalogue.ts";
import { KbootError } from "../../src/errors.ts";
import type { Script } from "../../src/host/host.ts";
import type { Live } from "../../src/kubernetes/live.ts";
import { lookAtPods } from "../../src/steps/look-at-pods.ts";
import { smallCluster } from "../support/small-cluster.ts";

const cluster = smallCluster("{ name: cp1, role: control-plane, address: 192.0.2.1 }", "{ name: w1, role: worker, address: 192.0.2.2 }");
const flannel = "DaemonSet/kube-flannel/kube-flannel-ds";
const coreDns = "Deployment/kube-system/coredns";

type Objects = Readonly<Record<string, readonly object[]>>;

/** Answers with these objects by kind, narrowed as the API would, and counts what was asked. */
function apiOf(objects: () => Objects) {
  const asked: string[] = [];
  const list = async (_version: string, kind: string, options: { namespace?: string; fieldSelector?: string }) => {
    asked.push([kind, options.fieldSelector].filter((word) => word !== undefined).join(" "));
    const node = /^spec\.nodeName=(.+)$/.exec(options.fieldSelector ?? "")?.[1];
    const all = (objects()[kind] ?? []) as readonly (KubernetesObject & { readonly spec?: { readonly nodeName?: string } })[];
    return all.filter(({ metadata, spec }) => metadata.namespace === options.namespace && (node === undefined || spec?.nodeName === node));
  };
  return { api: { list } as unknown as Api, asked };
}

function contextOf(api: () => Promise<Api>, log = "") {
  const scripts: string[] = [];
  const reach = () => ({
    run: async ({ body }: Script) => {
      scripts.push(body);
      return { exitCode: 0, stdout: Buffer.from(log), stderr: "" };
    },
  });
  const context = { site: { cluster }, signal: new AbortController().signal, api, reach } as unknown as ActionContext<Live>;
  return { context, scripts };
}

interface PodOptions {
  readonly owner: readonly [kind: string, name: string];
  readonly status: object;
  readonly node?: string | undefined;
  readonly hash?: string;
  readonly namespace?: string;
  readonly more?: object;
}

function pod({ owner: [kind, name], status, node = "w1", hash = "new", namespace = "kube-flannel", more = {} }: PodOptions): object {
  return {
    metadata: {
      name: "pod-1",
      namespace,
      uid: "u1",
      labels: { "controller-revision-hash": hash },
      ownerReferences: [{ kind, name, uid: `uid of ${name}` }],
      ...more,
    },
    spec: { nodeName: node },
    status,
  };
}

/** A revision of Flannel's DaemonSet. */
const revision = (number: number, hash: string) => ({
  metadata: {
    namespace: "kube-flannel",
    uid: hash,
    labels: { "controller-revision-hash": hash },
    ownerReferences: [{ kind: "DaemonSet", name: "kube-flannel-ds", uid: "d" }],
  },
  revision: number,
});
const revisions = [revision(2, "new"), revision(1, "old")];

const waiting = (reason: string, message?: string) => ({
  containerStatuses: [{ name: "main", restartCount: 0, state: { waiting: { reason, message } } }],
});
const crashed = (restartCount: number, terminated = { reason: "Error", exitCode: 1 }) => ({
  containerStatuses: [
    {
      name: "main",
      restartCount,
      state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s restarting failed container" } },
      lastState: { terminated },
    },
  ],
});
const ofFlannel = (status: object, more: Partial<PodOptions> = {}) => pod({ owner: ["DaemonSet", "kube-flannel-ds"], status, ...more });

/** The same look at these moments, over what the pods are then. Returns when it found something, and what. */
async function looks(moments: readonly (readonly [seconds: number, pods: readonly object[]])[], more: Objects = {}, log = "") {
  let pods: readonly object[] = [];
  const { api, asked } = apiOf(() => ({ ControllerRevision: revisions, Pod: pods, ...more }));
  const { context, scripts } = contextOf(async () => api, log);
  const workload = more["ReplicaSet"] === undefined ? flannel : coreDns;
  const look = lookAtPods(context, [workload]);
  for (const [seconds, now] of moments) {
    pods = now;
    const error = await look("it", seconds, false);
    if (error !== undefined) return { seconds, error, asked, scripts };
  }
  return { seconds: undefined, error: undefined, asked, scripts };
}

const everyFour = (pods: readonly object[], until = 60) =>
  Array.from({ length: until / 4 }, (_, index) => [4 * (index + 1), pods] as const);

function isTold(t: ExecutionContext, error: KbootError | undefined, code: ErrorCode, message: RegExp, hint: RegExp, host?: string) {
  t.is(error?.code, code);
  t.false(error?.transient ?? true);
  t.regex(error?.message ?? "", message);
  t.regex(error?.hint ?? "", hint);
  t.deepEqual(error?.where, host === undefined ? {} : { host });
}

test("an image that is not there is told with host, pod and container once it has stayed away, long before patience is over", async (t) => {
  const { seconds, error } = await looks(everyFour([ofFlannel(waiting("ImagePullBackOff", 'Back-off pulling image "x/flannel:v1"'))]));
  t.is(seconds, 32);
  isTold(
    t,
    error,
    "image-missing",
    /^waited 32 s in vain for it: an image is not on the host.*\n {2}pod kube-flannel\/pod-1, container main: ImagePullBackOff: Back-off pulling image "x\/flannel:v1"$/,
    /^`kubectl -n kube-flannel describe pod pod-1`.*ctr -n k8s\.io images ls/,
    "w1",
  );
});

test("what is mended meanwhile is not told", async (t) => {
  const missing = [ofFlannel(waiting("ErrImagePull"))];
  t.is((await looks([[8, missing], [12, missing], [16, [ofFlannel({})]], ...everyFour([ofFlannel({})])])).error, undefined);
});

test("a container that ends again and again is told with the last words of its log", async (t) => {
  const moments = [0, 1, 2, 3].map((restarts) => [8 + 10 * restarts, [ofFlannel(crashed(restarts))]] as const);
  const { seconds, error, scripts } = await looks(moments, {}, "Failed to find any valid interface to use\n");
  t.is(seconds, 38);
  isTold(
    t,
    error,
    "network-not-ready",
    /\n {2}pod kube-flannel\/pod-1, container main: CrashLoopBackOff after 3 restarts: it ended with Error, exit code 1: back-off 40s.*\n {2}Failed to find any valid interface to use$/,
    /logs pod-1 -c main --previous`$/,
    "w1",
  );
  t.regex(scripts[0] ?? "", /cd '\/var\/log\/pods\/kube-flannel_pod-1_u1\/main' /);
});

test("what a log gives away names the error", async (t) => {
  const log = "listen tcp 0.0.0.0:8472: bind: address already in use\n";
  const { error } = await looks(
    [0, 3].map((restarts) => [8 + restarts, [ofFlannel(crashed(restarts))]]),
    {},
    log,
  );
  isTold(t, error, "port-taken", /address already in use$/, /ss -ltnp/, "w1");
});

test("a container that ended only before anybody waited is not told", async (t) => {
  t.is((await looks(everyFour([ofFlannel(crashed(9))]))).error, undefined);
  t.is((await looks([...everyFour([ofFlannel(crashed(9))]), [64, [ofFlannel(crashed(10))]]])).seconds, 64);
});

test("a program that cannot be started is told at its second try", async (t) => {
  const status = (restarts: number) => [ofFlannel(crashed(restarts, { reason: "StartError", exitCode: 128 }))];
  t.is((await looks([0, 1].map((restarts) => [8 + 10 * restarts, status(restarts)]))).seconds, 18);
});

test("pods of a former form, and those about to go, are left out", async (t) => {
  const status = waiting("ImagePullBackOff");
  t.is((await looks(everyFour([ofFlannel(status, { hash: "old" })]))).error, undefined);
  t.is((await looks(everyFour([ofFlannel(status, { more: { deletionTimestamp: "2026-11-24T12:00:00Z" } })]))).error, undefined);
  const replicaSet = (name: string, number: number) => ({
    metadata: {
      name,
      uid: `uid of ${name}`,
      namespace: "kube-system",
      annotations: { "deployment.kubernetes.io/revision": `${number}` },
      ownerReferences: [{ kind: "Deployment", name: "coredns", uid: "d" }],
    },
  });
  const sets = { ReplicaSet: [replicaSet("coredns-9", 9), replicaSet("coredns-10", 10)] };
  const ofSet = (name: string) => everyFour([pod({ owner: ["ReplicaSet", name], status, namespace: "kube-system" })]);
  t.is((await looks(ofSet("coredns-9"), sets)).error, undefined);
  t.is((await looks(ofSet("coredns-10"), sets)).error?.code, "image-missing");
  const none = { conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/2 nodes are available" }] };
  const { error } = await looks(
    everyFour([pod({ owner: ["ReplicaSet", "coredns-10"], status: none, namespace: "kube-system", node: "" })]),
    sets,
  );
  isTold(t, error, "pod-failed", /pod kube-system\/pod-1: Unschedulable: 0\/2 nodes are available$/, /describe pod pod-1`$/);
});

test("a pod that is in the making for long is told with what its events warn of again", async (t) => {
  const setup = `failed to setup network for sandbox "d0": plugin type="flannel" failed (add): failed to load flannel 'subnet.env' file`;
  const warning = (reason: string, message: string, second: number) => {
    const lastTimestamp = new Date(Date.UTC(2026, 10, 24, 12, 0, second)).toISOString();
    return { metadata: { namespace: "kube-flannel" }, reason, message, lastTimestamp };
  };
  const pods = [ofFlannel(waiting("ContainerCreating"))];
  let second = 9;
  const again = {
    get Event() {
      return [warning("FailedCreatePodSandBox", setup, second++), warning("FailedMount", "earlier", 1)];
    },
  };
  const { seconds, error, asked } = await looks(everyFour(pods), again);
  t.is(seconds, 52);
  isTold(t, error, "network-not-ready", /FailedCreatePodSandBox: failed to setup network/, /describe pod pod-1/, "w1");
  t.true(asked.includes("Event involvedObject.uid=u1,type=Warning"));
  t.is((await looks(everyFour(pods, 200), { Event: [warning("FailedCreatePodSandBox", setup, 9)] })).error, undefined);
  t.is((await looks(everyFour(pods, 200))).error, undefined);
});

test("the last look tells what it sees at once, and while the API is silent nothing is found", async (t) => {
  const { api } = apiOf(() => ({ ControllerRevision: revisions, Pod: [ofFlannel(crashed(0))] }));
  t.is((await lookAtPods(contextOf(async () => api).context, [flannel])("it", 240, true))?.code, "network-not-ready");
  const silent = async () => {
    throw new KbootError("api", "it does not answer", { transient: true });
  };
  t.is(await lookAtPods(contextOf(silent).context, [flannel])("it", 240, true), undefined);
});

test("while most things still come nothing is asked, and of one node only its own pods are", async (t) => {
  const { api, asked } = apiOf(() => ({ ControllerRevision: revisions, Pod: [ofFlannel(waiting("ImagePullBackOff"), { node: "cp1" })] }));
  const look = lookAtPods(contextOf(async () => api).context, [flannel], "w1");
  t.is(await look("it", 4, false), undefined);
  t.deepEqual(asked, []);
  for (const seconds of [8, 28]) t.is(await look("it", seconds, false), undefined);
  t.true(asked.includes("Pod spec.nodeName=w1"));
});

test("a machine that joins by itself may see neither pods nor their forms, and goes on waiting", async (t) => {
  const forbid = async (_version: string, kind: string) => {
    // one refusal comes while the other is still on its way
    await sleep(kind === "Pod" ? 20 : 1);
    throw new KbootError("api", `cannot list ${kind}`, { cause: new Error("HTTP 403 Forbidden") });
  };
  const { context } = contextOf(async () => ({ list: forbid }) as unknown as Api);
  t.is(await lookAtPods(context, [flannel, coreDns], "w1")("the node w1 to become Ready", 60, false), undefined);
  await sleep(40);
});
