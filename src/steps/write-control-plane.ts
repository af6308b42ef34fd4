import type { Step } from "../engine/contracts.ts";
import { auditPolicyFile } from "../kubernetes/audit.ts";
import { externalCa } from "../kubernetes/external-ca.ts";
import type { Live } from "../kubernetes/live.ts";
import { patchObject } from "../kubernetes/patches/apply-patches.ts";
import { etcdDataDir, kubernetesDir, manifestsDir } from "../kubernetes/paths.ts";
import { etcdPod, kubeApiServerPod, kubeControllerManagerPod, kubeSchedulerPod } from "../kubernetes/static-pods.ts";
import { directory } from "../resources/directory.ts";
import { file } from "../resources/file.ts";
import type { StaticPodResource } from "../resources/static-pod.ts";
import { nodeOf } from "./site.ts";
import { interruptsBy } from "./turns.ts";
import { controlPlanes, sameHost } from "./where.ts";

/** Files that each process reads once, at its start. */
const inputsIn = (pki: string) => ({
  etcd: ["etcd/ca.crt", "etcd/server.crt", "etcd/server.key", "etcd/peer.crt", "etcd/peer.key"].map((name) => `${pki}/${name}`),
  "kube-apiserver": [
    "ca.crt",
    "apiserver.crt",
    "apiserver.key",
    "apiserver-kubelet-client.crt",
    "apiserver-etcd-client.crt",
    "front-proxy-ca.crt",
    "front-proxy-client.crt",
    "sa.pub",
    "sa.key",
  ].map((name) => `${pki}/${name}`),
  "kube-controller-manager": [`${kubernetesDir}/controller-manager.conf`, `${pki}/ca.crt`, `${pki}/ca.key`, `${pki}/sa.key`],
  "kube-scheduler": [`${kubernetesDir}/scheduler.conf`],
});

/** Writes the manifests from which the kubelet runs etcd and the control plane. */
export const writeControlPlane: Step<Live> = {
  id: "control-plane",
  title: "Write the control plane's manifests",
  on: controlPlanes,
  after: sameHost("kubelet-config", "kubeconfigs", "images"),
  interrupts: interruptsBy((id) => id.startsWith("static-pod:")),
  resources(site, host) {
    const { audit, certificatesDir } = site.cluster;
    const inputs = inputsIn(certificatesDir);
    const hasExternalCa = externalCa(site.cluster, site.facts) !== undefined;
    const node = { cluster: site.cluster, ...nodeOf(site, host) };
    const pod = (name: keyof typeof inputs, spec: object): StaticPodResource => ({
      kind: "static-pod",
      name,
      path: `${manifestsDir}/${name}.yaml`,
      pod: patchObject(name, spec, site.cluster, node.spec),
      inputs: [
        ...inputs[name].filter((path) => !hasExternalCa || path !== `${certificatesDir}/ca.key`),
        ...(name === "kube-apiserver" && audit !== undefined ? [auditPolicyFile] : []),
      ],
    });
    return [
      directory(etcdDataDir, "0700"),
      ...(audit === undefined ? [] : [file(auditPolicyFile, audit.policy, { format: "yaml" })]),
      pod("etcd", etcdPod(node)),
      pod("kube-apiserver", kubeApiServerPod(node)),
      pod("kube-controller-manager", kubeControllerManagerPod(node, { hasExternalCa })),
      pod("kube-scheduler", kubeSchedulerPod(node)),
    ];
  },
};
