import anyTest, { type TestFn } from "ava";
import { stringify } from "yaml";
import type { Api, KubernetesObject } from "../../src/engine/contracts.ts";
import { KbootError } from "../../src/errors.ts";
import type { WeaveNetwork } from "../../src/inventory/cluster.ts";
import { clusterConfiguration } from "../../src/kubernetes/kubeadm-config.ts";
import { networkPlugin } from "../../src/network/index.ts";
import { type ObjectResource, objectKind } from "../../src/resources/object.ts";
import { Secret } from "../../src/secret.ts";
import { clusterObjects, testCluster } from "../kubernetes/fixture.ts";
import { weaveObjectsWith, weaveOptions } from "../support/weave-options.ts";
import { type ApiServer, startApiServer } from "./support/api-server.ts";

const test = anyTest as TestFn<ApiServer>;
const { signal } = new AbortController();
const version = "1.36.3";

test.beforeEach(async (t) => {
  t.context = await startApiServer(version);
});
test.afterEach.always((t) => t.context.stop());

async function plan(resources: readonly ObjectResource[], api: Api) {
  const observed = await objectKind.observe(resources, api, signal);
  return resources.flatMap((resource) => {
    const found = observed.get(objectKind.id(resource)) ?? { live: undefined };
    const differences = objectKind.compare(resource, found);
    return differences.length === 0 ? [] : [{ resource, observed: found, differences }];
  });
}

async function apply(resources: readonly ObjectResource[], api: Api): Promise<void> {
  await objectKind.change(await plan(resources, api), api, signal);
}

/** What a plan would print. */
async function differences(resources: readonly ObjectResource[], api: Api): Promise<readonly string[]> {
  const items = await plan(resources, api);
  return items.flatMap(({ resource, differences: found }) => found.map(({ what }) => `${resource.object.metadata.name}: ${what}`));
}

const read = (api: Api, kind: string, name: string) =>
  api.get(
    { apiVersion: kind === "ConfigMap" || kind === "Secret" ? "v1" : "apps/v1", kind, metadata: { name, namespace: "kube-system" } },
    signal,
  );

const replicas = (object: KubernetesObject | undefined) => (object?.["spec"] as { replicas?: number } | undefined)?.replicas;

test("the API takes every object strictly, and a second run finds nothing to do", async (t) => {
  const { api, caCert } = t.context;
  const cluster = testCluster();
  const resources = [
    ...clusterObjects(cluster, caCert),
    ...(networkPlugin(cluster)?.objects(cluster, { facts: new Map(), running: undefined }) ?? []),
  ];
  await apply(resources, api);
  t.deepEqual(await differences(resources, api), []);
  t.is(replicas(await read(api, "Deployment", "coredns")), 2);
});

test("the API takes Weave Net strictly, with each of its options, and a second run finds nothing to do", async (t) => {
  const { api } = t.context;
  for (const [title, over] of weaveOptions) {
    for (const { object } of weaveObjectsWith(over)) {
      await t.notThrowsAsync(api.apply(object, { manager: "kboot", dryRun: true }, signal), `${object.kind} with ${title}`);
    }
  }
  const everything = Object.assign({}, ...weaveOptions.map(([, over]) => over)) as Partial<WeaveNetwork>;
  await apply(weaveObjectsWith(everything), api);
  t.deepEqual(await differences(weaveObjectsWith(everything), api), []);
});

test("Weave Net's password is made once and stays, and another one given later is refused", async (t) => {
  const { api } = t.context;
  const password = async () => (await read(api, "Secret", "weave-net"))?.["data"];
  await apply(weaveObjectsWith({}), api);
  const made = (await password()) as { password: string };
  t.regex(Buffer.from(made.password, "base64").toString(), /^[A-Za-z0-9_-]{43}$/);
  t.deepEqual(await differences(weaveObjectsWith({}), api), []);
  await apply(weaveObjectsWith({ mtu: 1300 }), api);
  t.deepEqual(await password(), made);

  const other = weaveObjectsWith({ password: new Secret("open sesame"), mtu: 1300 });
  t.deepEqual(await differences(other, api), ["weave-net: data.password"]);
  const error = await t.throwsAsync(apply(other, api), { instanceOf: KbootError });
  t.is(error?.code, "conflict");
  t.false(`${error?.message} ${error?.hint}`.includes("sesame"));
  t.deepEqual(await password(), made);
  const same = new Secret(Buffer.from(made.password, "base64").toString());
  t.deepEqual(await differences(weaveObjectsWith({ password: same, mtu: 1300 }), api), []);

  await api.delete({ apiVersion: "v1", kind: "Secret", metadata: { name: "weave-net", namespace: "kube-system" } }, signal);
  await apply(other, api);
  t.deepEqual(await password(), { password: Buffer.from("open sesame").toString("base64") });
});

test("what Weave Net notes in its ConfigMap stays", async (t) => {
  const { api } = t.context;
  await apply(weaveObjectsWith({}), api);
  await t.context.run("kubectl", ["-n=kube-system", "annotate", "configmap", "weave-net", "kube-peers.weave.works/peers={}"]);
  t.deepEqual(await differences(weaveObjectsWith({}), api), []);
  await apply(weaveObjectsWith({ mtu: 1300 }), api);
  t.is((await read(api, "ConfigMap", "weave-net"))?.metadata.annotations?.["kube-peers.weave.works/peers"], "{}");
});

test("what was changed by hand is found and put back, what others own stays", async (t) => {
  const { api, caCert } = t.context;
  const resources = clusterObjects(testCluster(), caCert);
  await apply(resources, api);
  const byHand = (kind: string, name: string, patch: unknown) =>
    t.context.run("kubectl", ["-n=kube-system", "patch", kind, name, `--patch=${JSON.stringify(patch)}`]);
  await byHand("deployment", "coredns", { spec: { replicas: 3, template: { spec: { dnsPolicy: "ClusterFirst" } } } });
  await byHand("configmap", "coredns", { data: { Corefile: ". { whoami }" } });
  await byHand("configmap", "kube-proxy", { metadata: { annotations: { team: "blue" } }, data: { "config.conf": "kind: Wrong\n" } });
  t.deepEqual(await differences(resources, api), ["kube-proxy: data.config.conf", "coredns: spec.template.spec.dnsPolicy"]);
  await apply(resources, api);
  t.deepEqual(await differences(resources, api), []);
  t.is(replicas(await read(api, "Deployment", "coredns")), 3);
  t.deepEqual((await read(api, "ConfigMap", "coredns"))?.["data"], { Corefile: ". { whoami }" });
  t.is((await read(api, "ConfigMap", "kube-proxy"))?.metadata.annotations?.["team"], "blue");
});

test("what others have added to kboot's objects is found with its path and removed, their labels and a restart stay", async (t) => {
  const { api, caCert } = t.context;
  const resources = clusterObjects(testCluster(), caCert);
  await apply(resources, api);
  const kubectl = (words: string) => t.context.run("kubectl", ["-n=kube-system", ...words.split(" ")]);
  await kubectl("set env daemonset/kube-proxy EXTRA=yes");
  await kubectl("set env daemonset/kube-proxy OTHER=yes --field-manager=somebody");
  await kubectl(`patch daemonset kube-proxy --patch ${JSON.stringify({ spec: { template: { spec: { shareProcessNamespace: true } } } })}`);
  await kubectl('patch configmap kubeadm-config --patch {"data":{"extra":"1"}}');
  await kubectl("rollout restart daemonset/kube-proxy");
  await kubectl("label configmap/kubeadm-config team=blue");
  t.deepEqual(await differences(resources, api), [
    "kubeadm-config: data.extra",
    "kube-proxy: spec.template.spec.containers[kube-proxy].env[EXTRA]",
    "kube-proxy: spec.template.spec.containers[kube-proxy].env[OTHER]",
    "kube-proxy: spec.template.spec.shareProcessNamespace",
  ]);
  await apply(resources, api);
  t.deepEqual(await differences(resources, api), []);
  const proxy = (await read(api, "DaemonSet", "kube-proxy")) as unknown as {
    spec: {
      template: { metadata: { annotations: object }; spec: { shareProcessNamespace?: boolean; containers: { env: { name: string }[] }[] } };
    };
  };
  const { metadata, spec } = proxy.spec.template;
  t.deepEqual(Object.keys(metadata.annotations), ["kboot.dev/config-hash", "kubectl.kubernetes.io/restartedAt"]);
  t.is(spec.shareProcessNamespace, undefined);
  t.deepEqual(
    spec.containers[0]?.env.map(({ name }) => name),
    ["NODE_NAME"],
  );
  const config = await read(api, "ConfigMap", "kubeadm-config");
  t.deepEqual([Object.keys(config?.["data"] ?? {}), config?.metadata.labels?.["team"]], [["ClusterConfiguration"], "blue"]);
});

test("a setting that leaves the inventory is removed from the cluster", async (t) => {
  const { api } = t.context;
  const objects = (mtu: number | undefined) => weaveObjectsWith({ mtu, fastDatapath: true });
  await apply(objects(1300), api);
  t.deepEqual(await differences(objects(undefined), api), ["weave-net: spec.template.spec.containers[weave].env[WEAVE_MTU]"]);
  await apply(objects(undefined), api);
  t.deepEqual(await differences(objects(undefined), api), []);
});

test("a cluster that kubeadm made is taken over, with its Corefile and replicas", async (t) => {
  const { api, caCert, run } = t.context;
  const cluster = testCluster({ bindPort: 7443, certificatesDir: "/srv/pki" });
  const init = {
    apiVersion: "kubeadm.k8s.io/v1beta4",
    kind: "InitConfiguration",
    localAPIEndpoint: { advertiseAddress: "192.168.56.11", bindPort: cluster.bindPort },
    nodeRegistration: { name: "cp1", criSocket: "unix:///var/run/containerd/containerd.sock" },
  };
  const config = [init, clusterConfiguration(cluster)].map((document) => stringify(document)).join("---\n");
  for (const phase of ["upload-config all", "bootstrap-token", "addon all"]) {
    await run("kubeadm", ["init", "phase", ...phase.split(" ")], config);
  }
  await run("kubectl", ["-n=kube-system", "scale", "deployment/coredns", "--replicas=5"]);
  const resources = clusterObjects(cluster, caCert).filter(({ object }) => !object.metadata.name.startsWith("kboot"));
  t.deepEqual(await differences(resources, api), [
    // kubeadm makes it when it writes admin.conf
    "kubeadm:cluster-admins: object",
    // the address of this test's API server
    "cluster-info: data.kubeconfig",
    // kboot replaces pods when their configuration changes
    "kube-proxy: spec.template.metadata.annotations",
  ]);
  await apply(resources, api);
  t.deepEqual(await differences(resources, api), []);
  t.is(replicas(await read(api, "Deployment", "coredns")), 5);
});
