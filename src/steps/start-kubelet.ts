import type { Action, KubernetesObject, Step } from "../engine/contracts.ts";
import { scriptFailed } from "../errors/script-failed.ts";
import { quote } from "../host/quote.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { isForbidden } from "../kubernetes/api.ts";
import { endpointAddress } from "../kubernetes/kubeadm-config.ts";
import { kubeletFiles, kubeletKubeconfig } from "../kubernetes/kubelet.ts";
import type { Live } from "../kubernetes/live.ts";
import { binDir, manifestsDir } from "../kubernetes/paths.ts";
import { networkPlugin } from "../network/index.ts";
import type { KubeconfigResource } from "../resources/kubeconfig.ts";
import { type SystemdUnitResource, systemdUnit, systemdUnitKind } from "../resources/systemd-unit.ts";
import { hasJoined } from "./has-joined.ts";
import { interruptsBy } from "./turns.ts";
import { controlPlanes, sameHost, specOf, workers } from "./where.ts";

const unitName = "kubelet.service";
const unitId = systemdUnitKind.id(systemdUnit(unitName, []));

/**
 * Files that the kubelet reads at its start. Its certificate it renews by itself. One of the host's own has programs and a unit that are not
 * known here, and has written its kubeconfig after its start, when kubeadm joined it.
 */
const inputs = {
  sources: [`${binDir}/kubelet`, ...Object.values(kubeletFiles), kubeletKubeconfig],
  host: [kubeletFiles.config, kubeletFiles.flags],
};

/**
 * Manifests of what has to run before the API answers. A kubelet (1.36) that has not yet registered its node ends a static pod that was changed, but starts
 * the new one only when it is started anew itself: so a wrong manifest that was put right would be waited for in vain.
 */
const apiManifests = ["etcd", "kube-apiserver"].map((name) => `${manifestsDir}/${name}.yaml`);

function unitOn(cluster: Cluster, host: string, more: readonly string[] = []): SystemdUnitResource {
  return systemdUnit(unitName, [...inputs[specOf(cluster, host).kubernetes.from], ...more]);
}

const interrupts = interruptsBy((id) => id === unitId);

/**
 * A kubelet registers its node at its start alone: one that is missing, as after `kubectl delete node`, comes back by a restart. With the
 * new node come a new pod CIDR and annotations of the network, which the pods that still run do not know of: they are made anew, on a bridge of that CIDR.
 */
const registerNode: Action<Live> = {
  describe: "restart the kubelet, so that it registers its node again, and its pods with it",
  isDone: (site, host, changing) =>
    site.live === undefined || site.live.nodes.has(specOf(site.cluster, host).nodeName) || !hasJoined(site, host) || changing.has(unitId),
  changes: ({ cluster }, host) => [{ id: `node:${specOf(cluster, host).nodeName}`, differences: [{ what: "node", to: "registered" }] }],
  async run({ site, host, reach, api, signal }) {
    const { links, files } = networkPlugin(site.cluster)?.ofPodCidr ?? { links: [], files: [] };
    const body = [
      ...files.map((path) => `rm -f ${quote(path)}`),
      ...links.map((link) => `ip link delete ${quote(link)} 2>/dev/null || true`),
      "systemctl restart kubelet.service",
    ].join("\n");
    const { exitCode, stderr } = await reach(host).run({ label: "restart the kubelet", body }, { signal });
    if (exitCode !== 0) {
      throw scriptFailed("the kubelet does not start again", { label: "restart the kubelet", exitCode, stderr });
    }
    const { nodeName } = specOf(site.cluster, host);
    const client = await api();
    // a machine that joins by itself may not see them, and has none yet
    const pods = await client.list("v1", "Pod", {}, signal).catch(noneWhenForbidden);
    const replaced = pods.filter((pod) => isReplaceable(pod, nodeName));
    await Promise.all(replaced.map(({ metadata }) => client.delete({ apiVersion: "v1", kind: "Pod", metadata }, signal)));
  },
};

function noneWhenForbidden(error: unknown): readonly KubernetesObject[] {
  if (isForbidden(error)) return [];
  throw error;
}

/** True for a pod of the node that a controller makes again. Static pods belong to the node itself. */
function isReplaceable(pod: KubernetesObject, nodeName: string): boolean {
  const { metadata, spec } = pod as unknown as PodShape;
  return spec?.nodeName === nodeName && (metadata.ownerReferences ?? []).some(({ controller, kind }) => controller && kind !== "Node");
}

interface PodShape {
  readonly metadata: { readonly ownerReferences?: readonly { readonly kind: string; readonly controller?: boolean }[] };
  readonly spec?: { readonly nodeName?: string };
}

/** Runs the kubelet of a control plane, which starts etcd and the API from their manifests. */
export const startControlPlaneKubelet: Step<Live> = {
  id: "kubelet",
  title: "Run the kubelet",
  on: controlPlanes,
  after: sameHost("kubelet-config", "control-plane", "images", "endpoint-name"),
  interrupts,
  resources: ({ cluster, live }, host) => [unitOn(cluster, host, live === undefined ? apiManifests : [])],
  action: registerNode,
};

/** Keeps the kubelet of a worker enabled and running, with the kubeconfig that it wrote when it joined. It was started by joining. */
export const startWorkerKubelet: Step<Live> = {
  id: "worker-kubelet",
  title: "Keep the kubelet running",
  on: workers,
  after: sameHost("join"),
  interrupts,
  resources({ cluster }, host) {
    const kubeconfig: KubeconfigResource = {
      kind: "kubeconfig",
      path: kubeletKubeconfig,
      user: `system:node:${specOf(cluster, host).nodeName}`,
      organization: "system:nodes",
      server: `https://${endpointAddress(cluster)}`,
      form: "kubelet-joined",
      algorithm: cluster.encryptionAlgorithm,
      validityDays: cluster.certificateValidityDays,
    };
    return [kubeconfig, unitOn(cluster, host)];
  },
  action: registerNode,
};
