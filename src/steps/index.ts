import type { Step } from "../engine/contracts.ts";
import type { Live } from "../kubernetes/live.ts";
import type { Secret } from "../secret.ts";
import { configureCluster } from "./configure-cluster.ts";
import { configureKubelet } from "./configure-kubelet.ts";
import { importAddonImages, importImages } from "./import-images.ts";
import { installContainerd } from "./install-containerd.ts";
import { installCoreDns } from "./install-core-dns.ts";
import { installKubeProxy } from "./install-kube-proxy.ts";
import { installKubernetes } from "./install-kubernetes.ts";
import { installNetwork } from "./install-network.ts";
import { issueCertificates } from "./issue-certificates.ts";
import { joinWorker, joinWorkerWith } from "./join-worker.ts";
import { markNode } from "./mark-node.ts";
import { markOwnNode, type OpenAsNode } from "./mark-own-node.ts";
import { nameEndpoint } from "./name-endpoint.ts";
import { prepareKernel } from "./prepare-kernel.ts";
import { pruneObjects } from "./prune-objects.ts";
import { removeLeftovers } from "./remove-leftovers.ts";
import { shareSecrets } from "./share-secrets.ts";
import { startControlPlaneKubelet, startWorkerKubelet } from "./start-kubelet.ts";
import { waitForAddons } from "./wait-for-addons.ts";
import { waitForApi } from "./wait-for-api.ts";
import { waitForNetwork } from "./wait-for-network.ts";
import { waitForNode } from "./wait-for-node.ts";
import { writeControlPlane } from "./write-control-plane.ts";
import { writeKubeconfigs } from "./write-kubeconfigs.ts";

/** The steps that say what hosts and cluster shall have. */
const wishes: readonly Step<Live>[] = [
  prepareKernel,
  nameEndpoint,
  installContainerd,
  importImages,
  importAddonImages,
  shareSecrets,
  issueCertificates,
  writeKubeconfigs,
  installKubernetes,
  configureKubelet,
  writeControlPlane,
  startControlPlaneKubelet,
  waitForApi,
  configureCluster,
  installNetwork,
  installKubeProxy,
  joinWorker,
  startWorkerKubelet,
  markNode,
  waitForNode,
  waitForNetwork,
  installCoreDns,
  pruneObjects,
  waitForAddons,
];

/**
 * The way from bare hosts to a cluster. Each step names what it waits for; the order here is the order in which a host takes
 * those of its steps that could run.
 */
export const bootstrapWay: readonly Step<Live>[] = [...wishes, removeLeftovers(wishes)];

/** With what a machine joins by itself. */
export interface Joining {
  readonly kubeconfig: Secret;
  readonly openAsNode: OpenAsNode;
}

/**
 * The way of a machine that joins by itself: the same steps, the join with the credential that it was given, and of labels and taints what a
 * machine may do without an administrator's rights in the cluster.
 */
export function joiningWay({ kubeconfig, openAsNode }: Joining): readonly Step<Live>[] {
  const own = new Map([joinWorkerWith(kubeconfig), markOwnNode(openAsNode)].map((step) => [step.id, step]));
  return bootstrapWay.map((step) => own.get(step.id) ?? step);
}
