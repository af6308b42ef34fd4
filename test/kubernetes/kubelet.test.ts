import test from "ava";
import { parse } from "yaml";
import {
  kubeletConfiguration,
  kubeletDropIn,
  kubeletFlagsEnv,
  kubeletInstanceConfig,
  kubeletRegistrationEnv,
  kubeletUnit,
  nodeKubeletConfiguration,
} from "../../src/kubernetes/kubelet.ts";
import { parseUnit } from "../../src/render/unit.ts";
import { sameMeaning } from "../../src/resources/same-meaning.ts";
import { testCluster, testHost } from "./fixture.ts";

test("kubelets share one configuration", (t) => {
  t.snapshot(kubeletConfiguration(testCluster()));
});

test("a configuration that leaves out the zero values means the same, so that the kubelet of an older kboot's is not restarted", (t) => {
  const isZero = (value: unknown) => value === "0s" || value === "" || JSON.stringify(value) === "{}";
  const written = nodeKubeletConfiguration(testCluster(), testHost(), { resolvedActive: true });
  const text = JSON.stringify(written, (_key, value: unknown) => (isZero(value) ? undefined : value));
  t.false(text.includes("syncFrequency"));
  t.is(written["syncFrequency"], "0s");
  t.true(sameMeaning(JSON.parse(text), written));
});

test("a node's configuration adds what is its own, and the host's settings win", (t) => {
  const cluster = testCluster({ kubelet: { failCgroupV1: false, maxPods: 200, authentication: { webhook: { cacheTTL: "1m0s" } } } });
  const config = nodeKubeletConfiguration(cluster, testHost({ kubelet: { maxPods: 50 } }), { resolvedActive: true });
  t.like(config, {
    containerRuntimeEndpoint: "unix:///var/run/containerd/containerd.sock",
    resolvConf: "/run/systemd/resolve/resolv.conf",
    failCgroupV1: false,
    maxPods: 50,
    authentication: { webhook: { enabled: true, cacheTTL: "1m0s" }, anonymous: { enabled: false } },
  });
  t.false("resolvConf" in nodeKubeletConfiguration(cluster, testHost(), { resolvedActive: false }));
});

test("a resolvConf of the inventory is kept", (t) => {
  const cluster = testCluster({ kubelet: { resolvConf: "/etc/kubernetes/resolv.conf" } });
  t.is(nodeKubeletConfiguration(cluster, testHost(), { resolvedActive: true })["resolvConf"], "/etc/kubernetes/resolv.conf");
});

test("instance-config.yaml holds the socket only", (t) => {
  t.deepEqual(parse(kubeletInstanceConfig(testCluster({ kubelet: { maxPods: 5 } }), testHost())), {
    containerRuntimeEndpoint: "unix:///var/run/containerd/containerd.sock",
  });
});

test("a node tells its address; its name only where it is not the host's", (t) => {
  const flags = (hostname: string) => kubeletFlagsEnv(testCluster(), testHost(), "192.168.56.21", { hostname });
  t.is(flags("Worker1"), 'KUBELET_KUBEADM_ARGS="--node-ip=192.168.56.21"\n');
  t.is(flags("debian"), 'KUBELET_KUBEADM_ARGS="--hostname-override=worker1 --node-ip=192.168.56.21"\n');
});

test("a worker registers with its taints, a control plane does not", (t) => {
  const taints = [
    { key: "gpu", value: "yes", effect: "NoSchedule" },
    { key: "slow", effect: "PreferNoSchedule" },
  ] as const;
  const flags = (role: "worker" | "control-plane") => kubeletRegistrationEnv(testHost({ taints, role }));
  t.is(flags("worker"), 'KUBELET_KBOOT_ARGS="--register-with-taints=gpu=yes:NoSchedule,slow:PreferNoSchedule"\n');
  t.is(flags("control-plane"), 'KUBELET_KBOOT_ARGS=""\n');
});

test("a worker registers with the labels that a kubelet may give itself", (t) => {
  const labels = {
    disk: "ssd",
    "example.com/rack": "",
    "topology.kubernetes.io/zone": "a",
    "x.node.kubernetes.io/y": "1",
    "node-role.kubernetes.io/worker": "",
    "node-restriction.kubernetes.io/secure": "yes",
    "topology.kubernetes.io/other": "b",
  };
  const flags = (over: object) => kubeletRegistrationEnv(testHost({ labels, ...over }));
  const given = "--node-labels=disk=ssd,example.com/rack=,topology.kubernetes.io/zone=a,x.node.kubernetes.io/y=1";
  t.is(flags({ role: "worker" }), `KUBELET_KBOOT_ARGS="${given}"\n`);
  t.is(
    flags({ role: "worker", taints: [{ key: "a", effect: "NoSchedule" }] }),
    `KUBELET_KBOOT_ARGS="${given} --register-with-taints=a:NoSchedule"\n`,
  );
  t.is(flags({ role: "control-plane" }), 'KUBELET_KBOOT_ARGS=""\n');
});

test("extra arguments of the host win over those of the cluster", (t) => {
  const cluster = testCluster({
    kubernetesVersion: "1.34.4",
    extraArgs: { ...testCluster().extraArgs, kubelet: [{ name: "v", value: "2" }] },
  });
  const host = testHost({
    kubeletExtraArgs: [
      { name: "v", value: "4" },
      { name: "node-ip", value: "10.0.0.5" },
    ],
  });
  t.is(
    kubeletFlagsEnv(cluster, host, "192.168.56.21", { hostname: "worker1" }),
    'KUBELET_KUBEADM_ARGS="--pod-infra-container-image=registry.k8s.io/pause:3.10.1 --v=4 --node-ip=10.0.0.5"\n',
  );
});

test("the drop-in replaces the unit's command by one with files and flags", (t) => {
  t.is(
    parseUnit(kubeletUnit())
      .get("Service")
      ?.find(([key]) => key === "ExecStart")?.[1],
    "/usr/local/bin/kubelet",
  );
  t.deepEqual(
    parseUnit(kubeletDropIn())
      .get("Service")
      ?.filter(([key]) => key === "ExecStart")
      .map(([, value]) => value),
    [
      "",
      "/usr/local/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_KBOOT_ARGS $KUBELET_EXTRA_ARGS",
    ],
  );
});
