import type { Check, KubernetesObject, Site } from "../engine/contracts.ts";
import type { Problem } from "../errors.ts";
import type { WeaveNetwork } from "../inventory/cluster.ts";
import { overlap } from "../inventory/subnet.ts";
import type { Live } from "../kubernetes/live.ts";
import { workloadName } from "../kubernetes/workload-name.ts";
import { networkDaemonSets } from "../network/index.ts";
import { runsFastDatapath, variableOf } from "../network/weave-net/mode.ts";
import { eachHost } from "./hosts.ts";

type Judge = (site: Site<Live>, settings: WeaveNetwork, running: KubernetesObject | undefined) => readonly Problem[];

/** A check that concerns Weave Net alone; `running` is its DaemonSet in the cluster. */
function weaveCheck(name: string, judge: Judge): Check<Live> {
  return {
    name,
    problems(site) {
      const { network } = site.cluster;
      const running = site.live?.daemonSets.get(workloadName(networkDaemonSets["weave-net"]));
      return network.plugin === "weave-net" ? judge(site, network, running) : [];
    },
  };
}

/** Checks of what stops Weave Net, or parts its nodes. */
export const weaveChecks: readonly Check<Live>[] = [
  // weaver ends at each start while a route of the host overlaps its range (weaveutil netcheck), but for those of its own bridge
  weaveCheck("weave-route", (site) =>
    eachHost(site, ({ routes }) => {
      const { podSubnet } = site.cluster;
      const route = routes.find(
        ({ destination, device }) => device !== "weave" && destination !== "default" && overlap(podSubnet, destination),
      );
      return route === undefined
        ? undefined
        : {
            message: `podSubnet ${podSubnet} overlaps the host's route to ${route.destination} (${route.device}), and Weave Net does not start so`,
            hint: "choose a networking.podSubnet that no host has a route into",
          };
    }),
  ),
  // a node's name in the mesh is made of it, and it is mounted as a file
  weaveCheck("weave-machine-id", (site) =>
    eachHost(site, ({ machineId }) =>
      machineId === ""
        ? { message: "the host has no machine-id, by which Weave Net tells nodes apart", hint: "systemd-machine-id-setup, then reboot" }
        : undefined,
    ),
  ),
  // the CNI plug-in runs on the host itself, and sets a rule about multicast in each pod (net/veth.go)
  weaveCheck("weave-iptables", (site) =>
    eachHost(site, ({ commands }) =>
      commands["iptables"] === true
        ? undefined
        : {
            message: "the host has no iptables, which Weave Net's CNI plug-in calls for every pod",
            hint: "install the distribution's package iptables on every host",
          },
    ),
  ),
  // weaver falls back to a bridge at its first start, and ends at every later one since the bridge is of another kind
  weaveCheck("weave-datapath", (site, { fastDatapath }, running) =>
    eachHost(site, ({ kernelFeatures }) => {
      const wished = fastDatapath ?? (running !== undefined && runsFastDatapath(running));
      const missing = ["openvswitch", "vxlan"].filter((name) => kernelFeatures[name] === false);
      return wished && missing.length > 0
        ? {
            message: `the kernel lacks ${missing.join(" and ")}, and Weave Net's fast datapath needs it on every node`,
            hint: "install the distribution's full kernel package, or set network.fastDatapath: false",
          }
        : undefined;
    }),
  ),
  weaveCheck("weave-change", ({ cluster }, { fastDatapath }, running) => {
    if (running === undefined) return [];
    const range = variableOf(running, "IPALLOC_RANGE");
    const runsFast = runsFastDatapath(running);
    return [
      ...(range === undefined || range === cluster.podSubnet
        ? []
        : [
            {
              host: undefined,
              message: `Weave Net runs with the range ${range}, and podSubnet is ${cluster.podSubnet}: nodes keep what they own of the old one`,
              hint: `set networking.podSubnet: ${range}; another range needs /var/lib/weave removed and a reboot, on all nodes at once`,
            },
          ]),
      ...(fastDatapath === undefined || fastDatapath === runsFast
        ? []
        : [
            {
              host: undefined,
              message: `Weave Net runs ${runsFast ? "with" : "without"} its fast datapath, and a node cannot change over while it has a bridge of the other kind`,
              hint: "put weave-change into ignoreChecks, apply, and reboot every node",
            },
          ]),
    ];
  }),
];
