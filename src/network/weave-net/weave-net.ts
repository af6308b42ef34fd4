import type { ObjectRef } from "../../engine/contracts.ts";
import type { WeaveNetwork } from "../../inventory/cluster.ts";
import { portOf } from "../../inventory/subnet.ts";
import type { NetworkPlugin } from "../plugin.ts";
import { readWeaveHealth } from "./health.ts";
import { isFastDatapath } from "./mode.ts";
import { defaultHttpAddress, weaveImages, weaveObjects } from "./objects.ts";
import { weaveTraces } from "./traces.ts";

export const weaveDaemonSet: ObjectRef = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "weave-net", namespace: "kube-system" },
};

/** Weave Net. Pods get addresses of Weave's own allocator, from the pod subnet. */
export function weaveNet(settings: WeaveNetwork): NetworkPlugin {
  const { networkPolicy, httpAddress, metricsAddress, statusAddress, iptablesBackend } = settings;
  const policyMetrics = settings.policyExtraArgs.find(({ name }) => name === "metrics-addr")?.value;
  return {
    name: "weave-net",
    images: () => Object.values(weaveImages(settings)),
    objects: (cluster, context) => weaveObjects(cluster, settings, isFastDatapath(cluster, settings, context)),
    kernelFeatures: ["bridge", "veth", "dummy", "br_netfilter", ...(networkPolicy ? ["ip_set", "xt_set"] : [])],
    ports: [
      { port: 6783, protocol: "TCP", use: "the mesh", program: "weaver" },
      { port: 6783, protocol: "UDP", use: "sleeve", program: "weaver" },
      { port: 6784, protocol: "UDP", use: "the fast datapath", program: "kernel" },
      { port: Number(portOf(httpAddress)), protocol: "TCP", use: "control", program: "weaver" },
      { port: Number(portOf(metricsAddress ?? ":6782")), protocol: "TCP", use: "metrics", program: "weaver" },
      ...(statusAddress === undefined
        ? []
        : [{ port: Number(portOf(statusAddress)), protocol: "TCP", use: "status", program: "weaver" } as const]),
      ...(networkPolicy
        ? [{ port: Number(portOf(policyMetrics ?? ":6781")), protocol: "TCP", use: "metrics of policies", program: "weave-npc" } as const]
        : []),
    ],
    forwardTable: iptablesBackend === "nft" ? "ip filter" : "legacy",
    cniBinaries: ["loopback", "portmap"],
    daemonSet: weaveDaemonSet,
    ofPodCidr: { links: [], files: [] },
    runtimeEnvironment: httpAddress === defaultHttpAddress ? {} : { WEAVE_HTTP_ADDR: httpAddress },
    traces: weaveTraces,
    notices: [
      {
        message:
          "Weave Net is not maintained by its makers any more: Weaveworks closed in 2024, and one person keeps the fork that kboot installs",
        hint: "for a cluster that shall last set network.plugin: flannel, or none and install Calico or Cilium; a running cluster cannot change its network in place",
      },
    ],
    health: (host, signal) => readWeaveHealth(host, settings, signal),
  };
}
