import type { ObjectRef } from "../../engine/contracts.ts";
import type { FlannelNetwork } from "../../inventory/cluster.ts";
import type { NetworkPlugin } from "../plugin.ts";
import { readFlannelHealth } from "./health.ts";
import { flannelImages, flannelObjects } from "./objects.ts";
import { flannelTraces } from "./traces.ts";

export const flannelDaemonSet: ObjectRef = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "kube-flannel-ds", namespace: "kube-flannel" },
};

/** Flannel: one DaemonSet, no NetworkPolicy. Pods get addresses of their node's podCIDR. */
export function flannel(settings: FlannelNetwork): NetworkPlugin {
  return {
    name: "flannel",
    images: () => Object.values(flannelImages(settings)),
    objects: (cluster) => flannelObjects(cluster, settings),
    kernelFeatures: settings.backend === "vxlan" ? ["bridge", "veth", "vxlan", "br_netfilter"] : ["bridge", "veth", "br_netfilter"],
    ports: settings.backend === "vxlan" ? [{ port: 8472, protocol: "UDP", use: "VXLAN", program: "kernel" }] : [],
    cniBinaries: ["bridge", "host-local", "loopback", "portmap"],
    forwardTable: "ip filter",
    daemonSet: flannelDaemonSet,
    runtimeEnvironment: {},
    // without the file no pod starts until flanneld knows the new CIDR
    ofPodCidr: { links: ["cni0"], files: ["/run/flannel/subnet.env"] },
    traces: flannelTraces,
    notices: [],
    health: (host, signal) => readFlannelHealth(host, settings, signal),
  };
}
