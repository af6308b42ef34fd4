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
      const { plugin } = cluster.network;
      const installed = live?.settled.find(({ networkPlugin: one }) => one !== undefined)?.networkPlugin;
      const running = Object.entries(networkDaemonSets).flatMap(([name, daemonSet]) =>
        live?.workloads.has(workloadName(daemonSet)) ? [name] : [],
      );
      const others = running.filter((name) => name !== plugin && (plugin !== "none" || name === installed));
      // a network of the user's own shows in no way that is known
      const own = installed === "none" && plugin !== "none" && running.length === 0 ? ["a network of your own"] : [];
      return [...others, ...own].slice(0, 1).map((is) => ({
        host: undefined,
        message: `the cluster runs ${is}, and the inventory asks for ${plugin}: it cannot be changed in place, as two networks would fight over the nodes`,
        hint: `set network.plugin: ${own.length > 0 ? "none" : is}, or make a new cluster: kboot reset, then kboot apply`,
      }));
    },
  },
];
