import type { Facts } from "../host/facts.ts";
import type { Cluster, ClusterHost, Taint } from "../inventory/cluster.ts";
import { renderUnit } from "../render/render.ts";
import { commandArguments, mergeArguments } from "./arguments.ts";
import { kubeletDefaults } from "./component-defaults.ts";
import { pauseImage } from "./images.ts";
import { mergeDeep } from "./merge.ts";
import { patchObject } from "./patches/apply-patches.ts";
import { binDir, criSocket, kubeletDir, kubernetesDir, unitDir } from "./paths.ts";
import { dnsAddress } from "./service-address.ts";
import { minorVersion } from "./versions.ts";

/** Paths of the kubelet's files on a node. */
export const kubeletFiles = {
  config: `${kubeletDir}/config.yaml`,
  instanceConfig: `${kubeletDir}/instance-config.yaml`,
  flags: `${kubeletDir}/kubeadm-flags.env`,
  unit: `${unitDir}/kubelet.service`,
  dropIn: `${unitDir}/kubelet.service.d/10-kubeadm.conf`,
} as const;

/** The kubelet's way to the API, on every node. */
export const kubeletKubeconfig = `${kubernetesDir}/kubelet.conf`;

/** Flags with which a worker registers its node, its labels and taints. The kubelet uses them once, so that nothing restarts when they change. */
export const kubeletRegistrationFile = `${kubeletDir}/kboot-flags.env`;

/** A KubeletConfiguration, for `yaml` to write. */
export type KubeletConfiguration = Readonly<Record<string, unknown>>;

/** What all kubelets of the cluster share: the content of ConfigMap kubelet-config (kubeadm/app/componentconfigs/kubelet.go, v1.36). */
export function kubeletConfiguration(cluster: Cluster): KubeletConfiguration {
  return mergeDeep(clusterDefaults(cluster), cluster.kubelet);
}

function clusterDefaults(cluster: Cluster): KubeletConfiguration {
  const own = {
    authentication: { x509: { clientCAFile: `${cluster.certificatesDir}/ca.crt` } },
    clusterDNS: [dnsAddress(cluster)],
    clusterDomain: cluster.dnsDomain,
  };
  return mergeDeep(kubeletDefaults(), own);
}

/** What one node's kubelet reads as config.yaml. Patches are a node's, and not in what all kubelets share. */
export function nodeKubeletConfiguration(cluster: Cluster, host: ClusterHost, facts: Pick<Facts, "resolvedActive">): KubeletConfiguration {
  const perNode = {
    containerRuntimeEndpoint: criSocket,
    // the stub that resolved writes into /etc/resolv.conf is of no use inside a pod
    ...(facts.resolvedActive ? { resolvConf: "/run/systemd/resolve/resolv.conf" } : {}),
  };
  const configuration = mergeDeep(mergeDeep({ ...clusterDefaults(cluster), ...perNode }, cluster.kubelet), host.kubelet);
  return patchObject("kubeletconfiguration", configuration, cluster, host);
}

/** Content of instance-config.yaml, which kubeadm patches over config.yaml when it upgrades a node. */
export function kubeletInstanceConfig(cluster: Cluster, host: ClusterHost): string {
  const { containerRuntimeEndpoint = criSocket } = mergeDeep(cluster.kubelet, host.kubelet);
  return `containerRuntimeEndpoint: ${JSON.stringify(containerRuntimeEndpoint)}\n`;
}

/** Content of kubeadm-flags.env: `kubeletFlags`. */
export function kubeletFlagsEnv(cluster: Cluster, host: ClusterHost, nodeAddress: string, facts: Pick<Facts, "hostname">): string {
  return `KUBELET_KUBEADM_ARGS=${JSON.stringify(kubeletFlags(cluster, host, nodeAddress, facts).join(" "))}\n`;
}

/**
 * The flags that differ from node to node, as `--name=value` (kubeadm/app/phases/kubelet/flags.go). A kubelet of the host's own has those of the
 * inventory and no others.
 */
export function kubeletFlags(cluster: Cluster, host: ClusterHost, nodeAddress: string, facts: Pick<Facts, "hostname">): readonly string[] {
  const defaults: Readonly<Record<string, string>> =
    host.kubernetes.from === "host"
      ? {}
      : {
          "node-ip": nodeAddress,
          ...(host.nodeName === facts.hostname.toLowerCase() ? {} : { "hostname-override": host.nodeName }),
          ...(minorVersion(cluster.kubernetesVersion).podInfraContainerImageFlag
            ? { "pod-infra-container-image": pauseImage(cluster) }
            : {}),
        };
  return commandArguments(defaults, mergeArguments(cluster.extraArgs.kubelet, host.kubeletExtraArgs));
}

/** Content of kboot-flags.env. A control plane's labels and taints are set over the API, as kubeadm does. */
export function kubeletRegistrationEnv(host: ClusterHost): string {
  const labels = Object.entries(registeredLabels(host)).map(([key, value]) => `${key}=${value}`);
  const taints = host.role === "worker" ? host.taints.map(formatTaint) : [];
  const words = [
    ...(labels.length === 0 ? [] : [`--node-labels=${labels.join(",")}`]),
    ...(taints.length === 0 ? [] : [`--register-with-taints=${taints.join(",")}`]),
  ];
  return `KUBELET_KBOOT_ARGS=${JSON.stringify(words.join(" "))}\n`;
}

/** The labels with which a worker's kubelet registers its node. One that is its owner's has been told by him. */
export function registeredLabels({ role, kubernetes, labels }: ClusterHost): Readonly<Record<string, string>> {
  if (role !== "worker" || kubernetes.from === "host") return {};
  return Object.fromEntries(Object.entries(labels).filter(([key]) => mayRegister(key)));
}

/** True for a label that a kubelet takes as `--node-labels`, and the API from it (component-helpers/node/util, plugin NodeRestriction, v1.36). */
function mayRegister(key: string): boolean {
  const domain = key.includes("/") ? key.slice(0, key.indexOf("/")) : "";
  if (!/(^|\.)(kubernetes|k8s)\.io$/.test(domain)) return true;
  return /(^|\.)(kubelet|node)\.kubernetes\.io$/.test(domain) || /^topology\.kubernetes\.io\/(zone|region)$/.test(key);
}

function formatTaint({ key, value, effect }: Taint): string {
  return value === undefined || value === "" ? `${key}:${effect}` : `${key}=${value}:${effect}`;
}

/** Content of kubelet.service. Until the node is initialised or joined, the kubelet fails and is started again. */
export function kubeletUnit(): string {
  return renderUnit("kubelet.service", { binDir });
}

/** Content of 10-kubeadm.conf, which gives the kubelet its files and flags. */
export function kubeletDropIn(): string {
  return renderUnit("10-kubeadm.conf", { binDir, kubeletDir, kubernetesDir });
}
