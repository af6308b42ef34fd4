import type { Site, Step } from "../engine/contracts.ts";
import { waitFor } from "../engine/wait.ts";
import type { Live } from "../kubernetes/live.ts";
import { networkPlugin } from "../network/index.ts";
import { theCluster } from "./where.ts";
import { workloadName } from "./workloads.ts";

/** Workloads that a working cluster has, as Live names them. */
function expected({ cluster }: Site<Live>): readonly string[] {
  const network = networkPlugin(cluster)?.daemonSet;
  const names = network === undefined ? [] : [workloadName(network)];
  // without a pod network of ours, CoreDNS waits for the user's
  return ["DaemonSet/kube-system/kube-proxy", ...names, ...(network === undefined ? [] : ["Deployment/kube-system/coredns"])];
}

function missing(site: Site<Live>, live: Live | undefined): readonly string[] {
  return expected(site).filter((name) => live?.workloads.get(name) !== true);
}

/** Waits until kube-proxy, the pod network and CoreDNS run on every node that is Ready. */
export const waitForAddons: Step<Live> = {
  id: "addons-ready",
  title: "Wait until the addons run",
  on: theCluster,
  after: [
    { step: "node-ready", scope: "every-host" },
    { step: "kube-proxy", scope: "any-host" },
    { step: "coredns", scope: "any-host" },
  ],
  needsLive: true,
  action: {
    describe: "wait until kube-proxy, the pod network and CoreDNS run",
    isDone: (site, _host, changing) => missing(site, site.live).length === 0 && changing.size === 0,
    async run({ site, signal, readLive, say }) {
      await waitFor(
        {
          what: `${expected(site).join(", ")} to run`,
          timeoutSeconds: 240,
          signal,
          hint: "kubectl get pods -A -o wide, and kubectl describe what is not Running",
        },
        async () => {
          const open = missing(site, await readLive());
          if (open.length > 0) say(`waiting for ${open.join(", ")}`);
          return open.length === 0 || undefined;
        },
      );
    },
  },
};
