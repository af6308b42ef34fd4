import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import type { Cluster } from "../../src/inventory/cluster.ts";
import { clusterConfiguration } from "../../src/kubernetes/kubeadm-config.ts";
import {
  certificateDirectories,
  etcdPod,
  kubeApiServerPod,
  kubeControllerManagerPod,
  kubeSchedulerPod,
} from "../../src/kubernetes/static-pods.ts";
import { sameMeaning } from "../../src/resources/same-meaning.ts";
import { testAudit, testCluster } from "../kubernetes/fixture.ts";
import { findProgram } from "./support/api-server.ts";

const nodeAddress = "192.168.56.11";

/** Manifests that the real kubeadm writes for this cluster, by name, on a machine with these directories. */
async function kubeadmManifests(cluster: Cluster, directories: readonly string[]): Promise<Record<string, unknown>> {
  const root = await mkdtemp(join(tmpdir(), "kboot-kubeadm-"));
  try {
    await Promise.all(["/etc", ...directories].map((path) => mkdir(join(root, path), { recursive: true })));
    const init = {
      apiVersion: "kubeadm.k8s.io/v1beta4",
      kind: "InitConfiguration",
      localAPIEndpoint: { advertiseAddress: nodeAddress, bindPort: cluster.bindPort },
      nodeRegistration: { name: "cp1", criSocket: "unix:///var/run/containerd/containerd.sock" },
    };
    await writeFile(join(root, "init.yaml"), [init, clusterConfiguration(cluster)].map((document) => stringify(document)).join("---\n"));
    const kubeadm = findProgram(`kubernetes-${cluster.kubernetesVersion}-*`, "kubeadm");
    for (const phase of ["control-plane all", "etcd local"]) {
      await execa(kubeadm, ["init", "phase", ...phase.split(" "), "--config", "/init.yaml", "--rootfs", root]);
    }
    const names = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];
    const texts = await Promise.all(names.map((name) => readFile(join(root, `etc/kubernetes/manifests/${name}.yaml`), "utf8")));
    return Object.fromEntries(names.map((name, index) => [name, parse(texts[index] ?? "")]));
  } finally {
    await rm(root, { recursive: true });
  }
}

const sameAsKubeadm = test.macro(async (t, over: Partial<Cluster>, directories: readonly string[]) => {
  const cluster = testCluster(over);
  const node = { cluster, nodeName: "cp1", nodeAddress, facts: { directories } };
  const ours = JSON.parse(
    JSON.stringify({
      etcd: etcdPod(node),
      "kube-apiserver": kubeApiServerPod(node),
      "kube-controller-manager": kubeControllerManagerPod(node),
      "kube-scheduler": kubeSchedulerPod(node),
    }),
  );
  const theirs = await kubeadmManifests(cluster, directories);
  for (const [name, pod] of Object.entries(ours)) {
    if (!sameMeaning(pod, theirs[name])) t.deepEqual(pod, theirs[name], name);
  }
  t.deepEqual(Object.keys(ours).sort(), Object.keys(theirs).sort());
});

test("kubeadm writes the same manifests on a bare machine", sameAsKubeadm, {}, []);

test("kubeadm writes the same manifests where there are more directories of certificates", sameAsKubeadm, {}, certificateDirectories);

test("kubeadm writes the same manifests for an API server on another port", sameAsKubeadm, { bindPort: 7443 }, []);

test("kubeadm writes the same manifests with certificates in another directory", sameAsKubeadm, { certificatesDir: "/srv/pki" }, []);

test(
  "kubeadm writes the same manifests with extra arguments and another repository",
  sameAsKubeadm,
  {
    imageRepository: "registry.example.com/k8s",
    encryptionAlgorithm: "ECDSA-P256",
    extraArgs: {
      apiServer: [
        { name: "v", value: "4" },
        { name: "enable-admission-plugins", value: "NodeRestriction,AlwaysPullImages" },
        { name: "authorization-config", value: "/etc/kubernetes/pki/authorization.yaml" },
      ],
      controllerManager: [{ name: "bind-address", value: "0.0.0.0" }],
      scheduler: [{ name: "bind-address", value: "192.168.56.11" }],
      etcd: [
        { name: "quota-backend-bytes", value: "8589934592" },
        { name: "listen-metrics-urls", value: "http://0.0.0.0:2391,http://127.0.0.1:2381" },
      ],
      kubelet: [],
    },
  },
  ["/usr/share/ca-certificates"],
);

test("kubeadm writes the same manifests with an audit policy", sameAsKubeadm, { audit: testAudit }, []);
