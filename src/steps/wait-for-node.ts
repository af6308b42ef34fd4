import type { Step } from "../engine/contracts.ts";
import { waitFor } from "../engine/wait.ts";
import type { Live } from "../kubernetes/live.ts";
import { lookForReason } from "./look-for-reason.ts";
import { anyHost, everyHost, sameHost, specOf } from "./where.ts";

/** Waits until each node is Ready. */
export const waitForNode: Step<Live> = {
  id: "node-ready",
  title: "Wait until the node is Ready",
  on: everyHost,
  after: [...sameHost("node-marks"), anyHost("network")],
  needsLive: true,
  action: {
    describe: "wait until the node is Ready",
    isDone: ({ cluster, live }, host, changing) =>
      (live?.nodes.get(specOf(cluster, host).nodeName)?.isReady ?? false) && !changing.has("systemd-unit:kubelet.service"),
    async run(context) {
      const { site, host, signal, readLive, say } = context;
      const { nodeName } = specOf(site.cluster, host);
      say("waiting for Ready");
      await waitFor(
        {
          what: `the node ${nodeName} to become Ready`,
          timeoutSeconds: 240,
          signal,
          hint: `kubectl describe node ${nodeName}; on ${host}: journalctl -u kubelet`,
          inspect: lookForReason(context, host),
        },
        async () => (await readLive())?.nodes.get(nodeName)?.isReady || undefined,
      );
    },
  },
};
