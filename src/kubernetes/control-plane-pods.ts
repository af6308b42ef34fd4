import type { Api } from "../engine/contracts.ts";
import type { Cluster } from "../inventory/cluster.ts";

/** A static pod of the control plane, as the API shows it. */
export interface ControlPlanePod {
  /** `kube-apiserver`. */
  readonly component: string;
  /** Name of the node. */
  readonly node: string;
  readonly ready: boolean;
  /** Of the component's container, with tag. */
  readonly image: string;
}

/** The parts of a control plane with the ports on which each listens on its host (kubeadm/app/constants, v1.36). */
export function controlPlaneComponents({ bindPort }: Pick<Cluster, "bindPort">): ReadonlyMap<string, number> {
  return new Map([
    ["etcd", 2379],
    ["kube-apiserver", bindPort],
    ["kube-controller-manager", 10257],
    ["kube-scheduler", 10259],
  ]);
}

interface PodShape {
  readonly spec?: { readonly nodeName?: string; readonly containers?: readonly { readonly name?: string; readonly image?: string }[] };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export async function listControlPlanePods(api: Api, signal: AbortSignal): Promise<readonly ControlPlanePod[]> {
  const pods = await api.list("v1", "Pod", { namespace: "kube-system", labelSelector: "tier=control-plane" }, signal);
  return pods.map((pod) => {
    const { spec, status } = pod as unknown as PodShape;
    const component = pod.metadata.labels?.["component"] ?? pod.metadata.name;
    return {
      component,
      node: spec?.nodeName ?? "",
      ready: status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ?? false,
      image: spec?.containers?.find(({ name }) => name === component)?.image ?? "",
    };
  });
}
