import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { execa } from "execa";
import { parse, parseAllDocuments, stringify } from "yaml";
import type { Cluster } from "../../src/inventory/cluster.ts";
import { coreDns } from "../../src/kubernetes/core-dns.ts";
import { clusterConfiguration } from "../../src/kubernetes/kubeadm-config.ts";
import { nodeKubeletConfiguration } from "../../src/kubernetes/kubelet.ts";
import { patchObject } from "../../src/kubernetes/patches/apply-patches.ts";
import {
  certificateDirectories,
  etcdPod,
  kubeApiServerPod,
  kubeControllerManagerPod,
  kubeSchedulerPod,
} from "../../src/kubernetes/static-pods.ts";
import { readPatches } from "../../src/machine/read-patches.ts";
import { sameMeaning } from "../../src/resources/same-meaning.ts";
import { testAudit, testCluster } from "../kubernetes/fixture.ts";
import { findProgram } from "./support/api-server.ts";

const nodeAddress = "192.168.56.11";

interface KubeadmWish {
  /** A folder: then the kubelet's configuration and the Deployment of CoreDNS are asked for too. */
  readonly patches?: string;
  readonly hasExternalCa?: boolean;
}

/** Manifests that the real kubeadm writes for this cluster, by name, on a machine with these directories. */
async function kubeadmManifests(
  cluster: Cluster,
  directories: readonly string[],
  { patches, hasExternalCa = false }: KubeadmWish = {},
): Promise<Record<string, unknown>> {
  const root = await mkdtemp(join(tmpdir(), "kboot-kubeadm-"));
  try {
    await Promise.all(["/etc", ...directories].map((path) => mkdir(join(root, path), { recursive: true })));
    const init = {
      apiVersion: "kubeadm.k8s.io/v1beta4",
      kind: "InitConfiguration",
      localAPIEndpoint: { advertiseAddress: nodeAddress, bindPort: cluster.bindPort },
      nodeRegistration: { name: "cp1", criSocket: "unix:///var/run/containerd/containerd.sock" },
      ...(patches === undefined ? {} : { patches: { directory: "/patches" } }),
    };
    await writeFile(join(root, "init.yaml"), [init, clusterConfiguration(cluster)].map((document) => stringify(document)).join("---\n"));
    const kubeadm = findProgram(`kubernetes-${cluster.kubernetesVersion}-*`, "kubeadm");
    if (patches !== undefined) await cp(patches, join(root, "patches"), { recursive: true });
    if (hasExternalCa) {
      for (const phase of ["certs", "kubeconfig"]) {
        await execa(kubeadm, ["init", "phase", phase, "all", "--config", "/init.yaml", "--rootfs", root]);
      }
      await rm(join(root, cluster.certificatesDir, "ca.key"));
    }
    for (const phase of ["control-plane all", "etcd local", ...(patches === undefined ? [] : ["kubelet-start"])]) {
      await execa(kubeadm, ["init", "phase", ...phase.split(" "), "--config", "/init.yaml", "--rootfs", root]);
    }
    const names = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];
    const texts = await Promise.all(names.map((name) => readFile(join(root, `etc/kubernetes/manifests/${name}.yaml`), "utf8")));
    const manifests = names.map((name, index) => [name, parse(texts[index] ?? "")]);
    if (patches === undefined) return Object.fromEntries(manifests);
    const printed = await execa(kubeadm, [
      "init",
      "phase",
      "addon",
      "coredns",
      "--print-manifest",
      "--config",
      "/init.yaml",
      "--rootfs",
      root,
    ]);
    // kubeadm puts no line's end behind its ---
    const text = printed.stdout.replaceAll(/^\[.*\n/gm, "").replaceAll(/^---/gm, "---\n");
    const objects = parseAllDocuments(text).map((document) => document.toJS() as { kind: string });
    return Object.fromEntries([
      ...manifests,
      ["kubelet", parse(await readFile(join(root, "var/lib/kubelet/config.yaml"), "utf8"))],
      ["coredns", objects.find(({ kind }) => kind === "Deployment")],
    ]);
  } finally {
    await rm(root, { recursive: true });
  }
}

const sameAsKubeadm = test.macro(async (t, over: Partial<Cluster>, directories: readonly string[], { hasExternalCa = false } = {}) => {
  const cluster = testCluster(over);
  const node = { cluster, nodeName: "cp1", nodeAddress, facts: { directories } };
  const ours = JSON.parse(
    JSON.stringify({
      etcd: etcdPod(node),
      "kube-apiserver": kubeApiServerPod(node),
      "kube-controller-manager": kubeControllerManagerPod(node, { hasExternalCa }),
      "kube-scheduler": kubeSchedulerPod(node),
    }),
  );
  const theirs = await kubeadmManifests(cluster, directories, { hasExternalCa });
  for (const [name, pod] of Object.entries(ours)) {
    if (!sameMeaning(pod, theirs[name])) t.deepEqual(pod, theirs[name], name);
  }
  t.deepEqual(Object.keys(ours).sort(), Object.keys(theirs).sort());
});

test("kubeadm writes the same manifests on a bare machine", sameAsKubeadm, {}, []);

test("kubeadm writes the same manifests where there are more directories of certificates", sameAsKubeadm, {}, certificateDirectories);

test("kubeadm writes the same manifests for an API server on another port", sameAsKubeadm, { bindPort: 7443 }, []);

test("kubeadm writes the same manifests with certificates in another directory", sameAsKubeadm, { certificatesDir: "/srv/pki" }, []);

test("kubeadm writes the same manifests where the key of the CA is elsewhere", sameAsKubeadm, {}, [], { hasExternalCa: true });

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

/** By file, every way in which kubeadm lets its objects be patched. */
const patchFiles: Readonly<Record<string, string>> = {
  "README.md": "no patch",
  "kube-proxy.yaml": "spec: {}",
  "etcd.yaml": "",
  "kube-apiserver0.yaml": `metadata:
  annotations: {example.com/owner: "on", example.com/old: null}
spec:
  terminationGracePeriodSeconds: 60
  hostAliases: [{ip: 192.0.2.1, hostnames: [kms.example.com]}]
  containers:
    - {name: side, image: registry.example.com/side:1, command: [sleep, infinity], env: [{name: MODE, value: "yes"}]}
    - name: kube-apiserver
      env: [{name: GOGC, value: "200"}]
      resources: {requests: {cpu: 500m}, limits: {memory: 4Gi}}
      volumeMounts: [{mountPath: /etc/kms, name: kms, readOnly: true}]
      ports: [{containerPort: 6443, hostPort: 6443}]
  volumes:
    - {name: kms, hostPath: {path: /etc/kms, type: DirectoryOrCreate}}
    - {name: ca-certs, $patch: delete}
---
spec: {dnsPolicy: ClusterFirstWithHostNet}
`,
  "kube-apiserver1+json.json": JSON.stringify([
    { op: "test", path: "/spec/containers/1/name", value: "kube-apiserver" },
    { op: "add", path: "/spec/containers/1/command/-", value: "--v=5" },
    { op: "replace", path: "/spec/containers/1/livenessProbe/failureThreshold", value: 5 },
    { op: "remove", path: "/spec/containers/1/startupProbe" },
    { op: "copy", from: "/metadata/labels/tier", path: "/metadata/annotations/tier~1copy" },
    { op: "move", from: "/spec/priority", path: "/spec/terminationGracePeriodSeconds" },
  ]),
  "kube-controller-manager+merge.yaml": `metadata: {labels: {example.com/a: b}}
spec:
  securityContext: null
  tolerations: [{operator: Exists}]
`,
  "kube-scheduler.yaml": `spec:
  securityContext: {$patch: replace, runAsUser: 0}
  containers:
    - name: kube-scheduler
      resources: {$retainKeys: [limits], limits: {cpu: "1"}}
      livenessProbe: null
      $deleteFromPrimitiveList/command: [--leader-elect=true]
`,
  "etcd9.yaml": "spec: {priority: 7, nodeSelector: {disk: ssd}}",
  "deeper/etcd+merge.json": '{"spec": {"priority": 6, "hostNetwork": true}}',
  "corednsdeployment.yaml": `spec:
  replicas: 3
  strategy: {$retainKeys: [type], type: Recreate}
  template:
    spec:
      containers: [{name: coredns, resources: {limits: {memory: 300Mi}}, ports: [{containerPort: 53, protocol: UDP, name: plain}]}]
      tolerations: [{operator: Exists}]
`,
  "kubeletconfiguration.yaml": "maxPods: 50\nevictionHard: {memory.available: 5%}\n",
  "kubeletconfiguration1+json.yaml": "- {op: add, path: /allowedUnsafeSysctls, value: [net.core.somaxconn]}\n",
};

test("kubeadm makes the same of a folder of patches", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "kboot-patches-"));
  t.teardown(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, "deeper"));
  await Promise.all(Object.entries(patchFiles).map(([name, text]) => writeFile(join(folder, name), text)));
  const { patches, ignored } = readPatches(folder);
  t.is(ignored.length, 3);
  const [first] = testCluster().hosts;
  if (first === undefined) throw new Error("the test cluster has no host");
  const [ofHost, ofCluster] = [false, true].map((is) => patches.filter(({ target }) => (target === "corednsdeployment") === is));
  const host = { ...first, patches: ofHost ?? [] };
  const cluster = testCluster({ hosts: [host], patches: ofCluster ?? [] });
  const node = { cluster, nodeName: "cp1", nodeAddress, facts: { directories: [] } };
  const ours = {
    etcd: patchObject("etcd", etcdPod(node), cluster, host),
    "kube-apiserver": patchObject("kube-apiserver", kubeApiServerPod(node), cluster, host),
    "kube-controller-manager": patchObject("kube-controller-manager", kubeControllerManagerPod(node), cluster, host),
    "kube-scheduler": patchObject("kube-scheduler", kubeSchedulerPod(node), cluster, host),
    kubelet: nodeKubeletConfiguration(cluster, host, { resolvedActive: false }),
    coredns: coreDns(cluster).find(({ object }) => object.kind === "Deployment")?.object,
  };
  const theirs = await kubeadmManifests(cluster, [], { patches: folder });
  for (const [name, object] of Object.entries(ours)) {
    if (!sameMeaning(object, theirs[name])) t.deepEqual(object, theirs[name] as typeof object, name);
  }
  t.deepEqual(Object.keys(ours).sort(), Object.keys(theirs).sort());
  t.is(ours["kube-apiserver"].spec?.containers[0]?.name, "side", "what is new stands before what was there");
});
