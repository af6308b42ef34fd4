import type { Step } from "../engine/contracts.ts";
import { endpointAddress } from "../kubernetes/kubeadm-config.ts";
import type { Live } from "../kubernetes/live.ts";
import { kubernetesDir } from "../kubernetes/paths.ts";
import type { KubeconfigResource } from "../resources/kubeconfig.ts";
import { nodeOf } from "./site.ts";
import { controlPlanes, sameHost } from "./where.ts";

/** Kubeconfigs of administrators, the control plane's components and its kubelet (kubeadm/app/phases/kubeconfig, v1.36). */
export const writeKubeconfigs: Step<Live> = {
  id: "kubeconfigs",
  title: "Write kubeconfigs",
  on: controlPlanes,
  after: sameHost("shared-secrets"),
  resources(site, host) {
    const { cluster } = site;
    const { nodeName, nodeAddress } = nodeOf(site, host);
    const { encryptionAlgorithm: algorithm, certificateValidityDays: validityDays } = cluster;
    const endpoint = `https://${endpointAddress(cluster)}`;
    const local = `https://${nodeAddress}:${cluster.bindPort}`;
    const kubeconfig = (
      file: string,
      user: string,
      server: string,
      organization?: string,
      form: KubeconfigResource["form"] = "client-certificate",
    ): KubeconfigResource => ({
      kind: "kubeconfig",
      path: `${kubernetesDir}/${file}`,
      user,
      server,
      ...(organization === undefined ? {} : { organization }),
      form,
      algorithm,
      validityDays,
      // it gives the other administrators their rights, once
      isDispensable: file === "super-admin.conf" && site.live !== undefined,
    });
    return [
      kubeconfig("admin.conf", "kubernetes-admin", endpoint, "kubeadm:cluster-admins"),
      kubeconfig("super-admin.conf", "kubernetes-super-admin", endpoint, "system:masters"),
      kubeconfig("controller-manager.conf", "system:kube-controller-manager", local),
      kubeconfig("scheduler.conf", "system:kube-scheduler", local),
      kubeconfig("kubelet.conf", `system:node:${nodeName}`, local, "system:nodes", "kubelet-final"),
    ];
  },
};
