import type { Cluster, ExtraArg } from "../inventory/cluster.ts";
import { writeYaml } from "../render/go-yaml.ts";
import { type ObjectResource, object } from "../resources/object.ts";
import { apiServerArguments, auditVolumes } from "./audit.ts";
import { configMap } from "./build.ts";
import { showEndpoint } from "./endpoint.ts";
import { kubeletConfiguration } from "./kubelet.ts";
import { etcdDataDir } from "./paths.ts";

/** Name and port under which the API is reached: `api.lab.internal:6443`. */
export function endpointAddress({ endpoint }: Pick<Cluster, "endpoint">): string {
  return showEndpoint(endpoint);
}

/** ConfigMap kubeadm-config, from which kubeadm joins and upgrades (ClusterConfiguration v1beta4), and kubelet-config. */
export function kubeadmConfig(cluster: Cluster): readonly ObjectResource[] {
  return [
    object(
      configMap({ name: "kubeadm-config", namespace: "kube-system" }, { ClusterConfiguration: writeYaml(clusterConfiguration(cluster)) }),
    ),
    object(configMap({ name: "kubelet-config", namespace: "kube-system" }, { kubelet: writeYaml(kubeletConfiguration(cluster)) })),
  ];
}

/** The cluster as kubeadm describes it. */
export function clusterConfiguration(cluster: Cluster): Readonly<Record<string, unknown>> {
  const { controllerManager, scheduler, etcd } = cluster.extraArgs;
  return {
    apiServer: {
      ...extraArgs(apiServerArguments(cluster)),
      ...extraVolumes(cluster),
      ...(cluster.certSANs.length === 0 ? {} : { certSANs: cluster.certSANs }),
    },
    apiVersion: "kubeadm.k8s.io/v1beta4",
    caCertificateValidityPeriod: days(cluster.caCertificateValidityDays),
    certificateValidityPeriod: days(cluster.certificateValidityDays),
    certificatesDir: cluster.certificatesDir,
    clusterName: "kubernetes",
    controlPlaneEndpoint: endpointAddress(cluster),
    controllerManager: extraArgs(controllerManager),
    dns: {},
    encryptionAlgorithm: cluster.encryptionAlgorithm,
    etcd: { local: { dataDir: etcdDataDir, ...extraArgs(etcd) } },
    imageRepository: cluster.imageRepository,
    kind: "ClusterConfiguration",
    kubernetesVersion: `v${cluster.kubernetesVersion}`,
    networking: { dnsDomain: cluster.dnsDomain, podSubnet: cluster.podSubnet, serviceSubnet: cluster.serviceSubnet },
    proxy: {},
    scheduler: extraArgs(scheduler),
  };
}

function extraArgs(args: readonly ExtraArg[]) {
  return args.length === 0 ? {} : { extraArgs: args.map(({ name, value }) => ({ name, value })) };
}

function extraVolumes(cluster: Cluster) {
  const volumes = auditVolumes(cluster).map(({ name, path, type, readOnly }) => ({
    name,
    hostPath: path,
    mountPath: path,
    // as kubeadm writes it, which leaves out what is false
    ...(readOnly ? { readOnly } : {}),
    pathType: type,
  }));
  return volumes.length === 0 ? {} : { extraVolumes: volumes };
}

/** As Go writes a duration. */
function days(count: number): string {
  return `${count * 24}h0m0s`;
}
