import type { Check, Site } from "../engine/contracts.ts";
import type { Facts } from "../host/facts.ts";
import type { Live } from "../kubernetes/live.ts";
import { workloadName } from "../kubernetes/workload-name.ts";
import { networkDaemonSets, networkPlugin } from "../network/index.ts";
import type { NetworkPlugin } from "../network/plugin.ts";
import { eachHost } from "./hosts.ts";

/** What a judge finds wrong on each reached host for the pod network of the inventory. */
function eachNode(site: Site<Live>, judge: (plugin: NetworkPlugin, facts: Facts) => { message: string; hint: string } | undefined) {
  const plugin = networkPlugin(site.cluster);
  return plugin === undefined ? [] : eachHost(site, (facts) => judge(plugin, facts));
}

/** Checks of what any pod network meets on the hosts and in the cluster. */
export const networkChecks: readonly Check<Live>[] = [
  {
    name: "network-kernel",
    problems: (site) =>
      eachNode(site, ({ name, kernelFeatures }, facts) => {
        const missing = kernelFeatures.filter((feature) => facts.kernelFeatures[feature] === false);
        return missing.length === 0
          ? undefined
          : {
              message: `the kernel lacks ${missing.join(" and ")}, without which ${name} does not run`,
              hint: "install the distribution's full kernel package, or choose another network.plugin",
            };
      }),
  },
  {
    name: "network-ports",
    problems: (site) =>
      eachNode(site, ({ name, ports }, { listening }) => {
        const taken = ports.flatMap(({ port, protocol, use, program }) => {
          const by = protocol === "TCP" ? listening.find((one) => one.port === port && one.command !== "")?.command : undefined;
          return by === undefined || by === program ? [] : [`${port} (${use}) is that of ${by}`];
        });
        return taken.length === 0
          ? undefined
          : { message: `TCP ports that ${name} needs are taken: ${taken.join(", ")}`, hint: "stop what listens there" };
      }),
  },
  {
    name: "forward-policy",
    problems: (site) =>
      eachNode(site, ({ name, forwardTable }, { forwardDrops }) => {
        const drops = forwardDrops.filter((table) => table !== forwardTable);
        return drops.length === 0
          ? undefined
          : {
              message: `the packet filter's ${drops.join(" and ")} drops what is forwarded, and ${name} opens ${forwardTable} alone: pods would reach nothing`,
              hint: "let its forward chain accept, at least to and from the pod subnet",
            };
      }),
  },
  {
    name: "network-change",
    problems({ cluster, live }) {
      const others = Object.entries(networkDaemonSets).filter(([plugin]) => plugin !== cluster.network.plugin);
      const running = others.find(([, daemonSet]) => live?.workloads.has(workloadName(daemonSet)));
      return running === undefined || networkPlugin(cluster) === undefined
        ? []
        : [
            {
              host: undefined,
              message: `the cluster runs ${running[0]}, and the inventory asks for ${cluster.network.plugin}: two networks would fight over the nodes`,
              hint: `set network.plugin: ${running[0]}, or make a new cluster`,
            },
          ];
    },
  },
];
