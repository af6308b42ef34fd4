import type { Network } from "../../inventory/cluster.ts";
import type { NetworkPlugin } from "../plugin.ts";
import { flannelImages, flannelObjects } from "./objects.ts";

export type FlannelSettings = Extract<Network, { plugin: "flannel" }>;

/** Flannel: one DaemonSet, no NetworkPolicy. Pods get addresses of their node's podCIDR. */
export function flannel(settings: FlannelSettings): NetworkPlugin {
  return {
    name: "flannel",
    images: () => Object.values(flannelImages(settings)),
    objects: (cluster) => flannelObjects(cluster, settings),
    kernelFeatures: settings.backend === "vxlan" ? ["bridge", "veth", "vxlan", "br_netfilter"] : ["bridge", "veth", "br_netfilter"],
    ports: settings.backend === "vxlan" ? [{ port: 8472, protocol: "UDP", use: "VXLAN" }] : [],
    cniBinaries: ["bridge", "host-local", "loopback", "portmap"],
    daemonSet: { apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "kube-flannel-ds", namespace: "kube-flannel" } },
  };
}
