import test from "ava";
import type { Cluster } from "../../src/inventory/cluster.ts";
import { etcdPod, kubeApiServerPod, kubeControllerManagerPod, kubeSchedulerPod } from "../../src/kubernetes/static-pods.ts";
import { testCluster } from "./fixture.ts";

const node = (over: Partial<Cluster> = {}, nodeAddress = "192.168.56.11") => ({
  cluster: testCluster(over),
  nodeName: "cp1",
  nodeAddress,
  facts: { directories: ["/usr/share/ca-certificates", "/somewhere/else"] },
});

const extraArgs = (over: Partial<Cluster["extraArgs"]>) => ({ extraArgs: { ...testCluster().extraArgs, ...over } });

const container = (pod: ReturnType<typeof etcdPod>) => pod.spec?.containers[0];

test("the pods of a control plane", (t) => {
  t.snapshot(etcdPod(node()));
  t.snapshot(kubeApiServerPod(node()));
  t.snapshot(kubeControllerManagerPod(node()));
  t.snapshot(kubeSchedulerPod(node()));
});

test("the API server says where it is, for kubeadm to read", (t) => {
  t.deepEqual(kubeApiServerPod(node()).metadata?.annotations, {
    "kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint": "192.168.56.11:6443",
  });
});

test("a member that joins names all members and calls the cluster existing", (t) => {
  const members = "cp1=https://192.168.56.11:2380,cp2=https://192.168.56.12:2380";
  const command = container(etcdPod(node(), members))?.command ?? [];
  t.true(command.includes(`--initial-cluster=${members}`));
  t.true(command.includes("--initial-cluster-state=existing"));
  t.false(container(etcdPod(node()))?.command?.some((word) => word.startsWith("--initial-cluster-state")));
});

test("IPv6 addresses stand in brackets where a port follows, and bare in probes", (t) => {
  const pod = etcdPod(node({}, "fd00::11"));
  t.is(pod.metadata?.annotations?.["kubeadm.kubernetes.io/etcd.advertise-client-urls"], "https://[fd00::11]:2379");
  t.true(container(pod)?.command?.includes("--listen-client-urls=https://[::1]:2379,https://[fd00::11]:2379"));
  t.is(container(pod)?.livenessProbe?.httpGet?.host, "::1");
  t.true(container(kubeApiServerPod(node({}, "fd00::11")))?.command?.includes("--etcd-servers=https://[::1]:2379"));
});

test("etcd is probed where the user lets it listen", (t) => {
  const metrics = [{ name: "listen-metrics-urls", value: "https://[::1]:9999,http://127.0.0.1:2381" }];
  const etcd = container(etcdPod(node(extraArgs({ etcd: metrics }))));
  t.deepEqual(etcd?.readinessProbe?.httpGet, { host: "::1", path: "/readyz", port: "probe-port", scheme: "HTTPS" });
  t.is(etcd?.ports?.[0]?.containerPort, 9999);
});

test("a scheduler that listens everywhere is probed at the pod's own address", (t) => {
  const scheduler = kubeSchedulerPod(node(extraArgs({ scheduler: [{ name: "bind-address", value: "0.0.0.0" }] })));
  t.is(container(scheduler)?.livenessProbe?.httpGet?.host, undefined);
});

test("authorization by a file leaves out the mode", (t) => {
  const pod = kubeApiServerPod(node(extraArgs({ apiServer: [{ name: "authorization-config", value: "/etc/kubernetes/pki/authz.yaml" }] })));
  t.false(container(pod)?.command?.some((word) => word.startsWith("--authorization-mode")));
});

test("flexvolumes are mounted up to 1.35", (t) => {
  const mounts = (kubernetesVersion: string) =>
    kubeControllerManagerPod(node({ kubernetesVersion })).spec?.volumes?.map(({ name }) => name);
  t.deepEqual(mounts("1.35.4"), ["ca-certs", "flexvolume-dir", "k8s-certs", "kubeconfig", "usr-share-ca-certificates"]);
  t.deepEqual(mounts("1.36.3"), ["ca-certs", "k8s-certs", "kubeconfig", "usr-share-ca-certificates"]);
});
