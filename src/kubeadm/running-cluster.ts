import type { Api } from "../engine/contracts.ts";
import { controlPlaneKey } from "../inventory/marks.ts";
import { isForbidden } from "../kubernetes/api.ts";
import { kbootConfigName } from "../kubernetes/kboot-config.ts";
import { type KubeadmDocuments, parseKubeadmDocuments } from "../kubernetes/kubeadm-documents/parse.ts";
import { dataOf, type LiveNode, readNode } from "../kubernetes/live.ts";

/** What a cluster that runs says of itself through its API. */
export interface RunningCluster {
  /** Sorted by name, control planes first. */
  readonly nodes: readonly LiveNode[];
  /** Data of ConfigMap kboot-config; undefined where there is none. */
  readonly kbootConfig: Readonly<Record<string, string>> | undefined;
  /** What kubeadm's ConfigMaps say, by kind. Throws KbootError `kubeadm-config` where one cannot be read. */
  readonly documents: () => KubeadmDocuments;
}

/** ConfigMaps of kube-system with documents of kubeadm's, and the key that holds each. */
const configMaps = { "kubeadm-config": "ClusterConfiguration", "kubelet-config": "kubelet", "kube-proxy": "config.conf" } as const;

/** Asks the API. */
export async function readRunningCluster(api: Api, signal: AbortSignal): Promise<RunningCluster> {
  const [objects, published] = await Promise.all([api.list("v1", "Node", {}, signal), readPublished(api, signal)]);
  return { nodes: objects.map(readNode).toSorted(byRoleAndName), ...published };
}

/** The part of it that a joining machine may read. */
export async function readPublished(api: Api, signal: AbortSignal): Promise<Omit<RunningCluster, "nodes">> {
  const configMap = (name: string) =>
    api.get({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "kube-system" } }, signal);
  // a role names each ConfigMap that a joining machine may read: one that is not there is forbidden
  const mayFail = (name: string) =>
    configMap(name).catch((error: unknown) => {
      if (isForbidden(error)) return undefined;
      throw error;
    });
  const [kbootConfig, ...found] = await Promise.all([mayFail(kbootConfigName), ...Object.keys(configMaps).map(mayFail)]);
  const texts = Object.entries(configMaps).map(([name, key], index) => [name, dataOf(found[index])[key]] as const);
  return {
    kbootConfig: kbootConfig === undefined ? undefined : dataOf(kbootConfig),
    documents: () => Object.assign({}, ...texts.map(([name, text]) => parse(name, text))) as KubeadmDocuments,
  };
}

function parse(name: string, text: string | undefined): KubeadmDocuments {
  return text === undefined ? {} : parseKubeadmDocuments(text, `ConfigMap ${name}`);
}

export function isControlPlane({ labels }: LiveNode): boolean {
  return labels[controlPlaneKey] !== undefined;
}

function byRoleAndName(a: LiveNode, b: LiveNode): number {
  return Number(isControlPlane(b)) - Number(isControlPlane(a)) || (a.name < b.name ? -1 : 1);
}
