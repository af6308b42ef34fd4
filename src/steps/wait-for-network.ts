import type { Step } from "../engine/contracts.ts";
import { waitFor } from "../engine/wait.ts";
import type { Live } from "../kubernetes/live.ts";
import { networkPlugin } from "../network/index.ts";
import { anyHost, theCluster } from "./where.ts";
import { workloadName } from "./workloads.ts";

/**
 * Waits until the pod network runs on the nodes that are Ready. A node is Ready a little before its network works, and a pod that
 * comes in between fails and is tried again only seconds later.
 */
export const waitForNetwork: Step<Live> = {
  id: "network-ready",
  title: "Wait until the pod network runs",
  on: theCluster,
  after: [anyHost("network"), { step: "node-ready", scope: "every-host" }],
  needsLive: true,
  action: {
    describe: "wait until the pod network runs",
    isDone: ({ cluster, live }) => {
      const plugin = networkPlugin(cluster);
      return plugin === undefined || live?.workloads.get(workloadName(plugin.daemonSet)) === true;
    },
    async run({ site, signal, readLive, say }) {
      const plugin = networkPlugin(site.cluster);
      if (plugin === undefined) return;
      const name = workloadName(plugin.daemonSet);
      say(`waiting for ${name}`);
      await waitFor(
        { what: `${name} to run`, timeoutSeconds: 240, signal, hint: `kubectl get pods -A -o wide; kubectl describe the pods of ${name}` },
        async () => ((await readLive())?.workloads.get(name) === true ? true : undefined),
      );
    },
  },
};
