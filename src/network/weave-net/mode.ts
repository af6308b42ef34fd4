import type { KubernetesObject } from "../../engine/contracts.ts";
import type { Cluster, WeaveNetwork } from "../../inventory/cluster.ts";
import type { NetworkContext } from "../plugin.ts";

/**
 * Whether Weave Net shall use its fast datapath. One answer for all nodes: the inventory's, else that of the cluster as it runs, since a
 * node cannot change over with a bridge of the other kind; on a new cluster what every node's kernel can.
 */
export function isFastDatapath(
  cluster: Pick<Cluster, "hosts">,
  { fastDatapath }: WeaveNetwork,
  { facts, running }: NetworkContext,
): boolean {
  if (fastDatapath !== undefined) return fastDatapath;
  if (running !== undefined) return runsFastDatapath(running);
  return cluster.hosts.every(({ name }) => {
    const { openvswitch, vxlan } = facts.get(name)?.kernelFeatures ?? {};
    return openvswitch === true && vxlan === true;
  });
}

/** How a running DaemonSet was told to send packets. */
export function runsFastDatapath(running: KubernetesObject): boolean {
  return variableOf(running, "WEAVE_NO_FASTDP") === undefined;
}

interface DaemonSetShape {
  readonly spec?: {
    readonly template?: {
      readonly spec?: {
        readonly containers?: readonly { readonly name: string; readonly env?: readonly { name: string; value?: string }[] }[];
      };
    };
  };
}

/** The value of a variable of container `weave`, in a DaemonSet as the API shows it. */
export function variableOf(daemonSet: KubernetesObject, name: string): string | undefined {
  const containers = (daemonSet as DaemonSetShape).spec?.template?.spec?.containers ?? [];
  return containers.find((container) => container.name === "weave")?.env?.find((variable) => variable.name === name)?.value;
}
