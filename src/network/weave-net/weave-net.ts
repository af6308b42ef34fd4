import type { Network } from "../../inventory/cluster.ts";
import type { NetworkPlugin } from "../plugin.ts";
import { weaveImages, weaveObjects } from "./objects.ts";

export type WeaveSettings = Extract<Network, { plugin: "weave-net" }>;

/** Weave Net with NetworkPolicy. Pods get addresses of Weave's own allocator, from the pod subnet. */
export function weaveNet(settings: WeaveSettings): NetworkPlugin {
  return {
    name: "weave-net",
    images: () => Object.values(weaveImages(settings)),
    objects: (cluster, { facts }) =>
      weaveObjects(cluster, settings, {
        fastDatapath: facts.length > 0 && facts.every(({ kernelFeatures: { openvswitch, vxlan } }) => openvswitch && vxlan),
      }),
    kernelFeatures: ["bridge", "veth", "dummy", "br_netfilter", "ip_set", "xt_set"],
    ports: [
      { port: 6783, protocol: "TCP", use: "control" },
      { port: 6783, protocol: "UDP", use: "sleeve" },
      { port: 6784, protocol: "UDP", use: "fast datapath" },
    ],
    cniBinaries: ["loopback", "portmap"],
    daemonSet: { apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "weave-net", namespace: "kube-system" } },
  };
}
