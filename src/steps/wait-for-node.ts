import type { ActionContext, Step } from "../engine/contracts.ts";
import { observeHost } from "../engine/observe.ts";
import { waitFor } from "../engine/wait.ts";
import type { Live } from "../kubernetes/live.ts";
import { hostKinds } from "../resources/index.ts";
import { type ObservedUnit, systemdUnit, systemdUnitKind } from "../resources/systemd-unit.ts";
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
      const since = await kubeletStart(context);
      await waitFor(
        {
          what: `the node ${nodeName} to become Ready`,
          timeoutSeconds: 240,
          signal,
          hint: `kubectl describe node ${nodeName}; on ${host}: journalctl -u kubelet`,
          inspect: lookForReason(context, host),
        },
        async () => {
          const node = (await readLive())?.nodes.get(nodeName);
          return node?.isReady && node.saidAt >= since ? true : undefined;
        },
      );
    },
  },
};

/**
 * When the kubelet of a host that had joined before this run started, in whole seconds: for some time after a restart the API still has
 * what the one before it said. A kubelet speaks as soon as it has started.
 */
async function kubeletStart({ site, host, vault, signal, reach }: ActionContext<Live>): Promise<number> {
  if (site.facts.get(host)?.kubernetes.kubeletCertificate === undefined) return 0;
  const unit = systemdUnit("kubelet.service", []);
  const observed = await observeHost(reach(host), [unit], hostKinds, vault, signal);
  return Math.floor((observed.get(systemdUnitKind.id(unit)) as ObservedUnit | undefined)?.startedAt ?? 0);
}
