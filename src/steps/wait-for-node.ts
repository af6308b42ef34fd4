import type { ActionContext, Step } from "../engine/contracts.ts";
import { observeHost } from "../engine/observe.ts";
import { firstOf, waitFor } from "../engine/wait.ts";
import type { Cluster, ClusterHost } from "../inventory/cluster.ts";
import { parseDuration } from "../kubernetes/duration.ts";
import type { Live } from "../kubernetes/live.ts";
import { mergeDeep } from "../kubernetes/merge.ts";
import { hostKinds } from "../resources/index.ts";
import { type ObservedUnit, type SystemdUnitResource, systemdUnit, systemdUnitKind } from "../resources/systemd-unit.ts";
import { lookAtPods } from "./look-at-pods.ts";
import { lookForReason } from "./look-for-reason.ts";
import { networkWorkloads } from "./wait-for-network.ts";
import { anyHost, everyHost, sameHost, specOf } from "./where.ts";

const [containerd, kubelet] = ["containerd.service", "kubelet.service"].map((name) => systemdUnit(name, [])) as [
  SystemdUnitResource,
  SystemdUnitResource,
];

/** Waits until each node is Ready, by what its kubelet has said since kubelet and containerd started. */
export const waitForNode: Step<Live> = {
  id: "node-ready",
  title: "Wait until the node is Ready",
  on: everyHost,
  after: [...sameHost("node-marks"), anyHost("network")],
  needsLive: true,
  action: {
    describe: "wait until the node is Ready",
    isDone: ({ cluster, live }, host, changing) =>
      (live?.nodes.get(specOf(cluster, host).nodeName)?.isReady ?? false) &&
      ![containerd, kubelet].some((unit) => changing.has(systemdUnitKind.id(unit))),
    async run(context) {
      const { site, host, signal, readLive, say } = context;
      const { nodeName } = specOf(site.cluster, host);
      say("waiting for Ready");
      const started = await readStarts(context);
      const lookedAt = Date.now();
      const noticeMs = timeToNotice(specOf(site.cluster, host), site.cluster);
      await waitFor(
        {
          what: `the node ${nodeName} to become Ready`,
          timeoutSeconds: 240,
          signal,
          hint: `kubectl describe node ${nodeName}; on ${host}: journalctl -u kubelet`,
          inspect: firstOf(lookAtPods(context, networkWorkloads(site.cluster), nodeName), lookForReason(context, host)),
        },
        async () => {
          const node = (await readLive())?.nodes.get(nodeName);
          const isQuiet = Date.now() - lookedAt >= noticeMs;
          return node?.isReady && isSaidOf(started, node.saidAt, isQuiet) ? true : undefined;
        },
      );
    },
  },
};

/** When processes of a host started, in seconds since the epoch by its clock. */
interface Starts {
  readonly containerd: number;
  readonly kubelet: number;
}

/** A kubelet asks containerd how it is this often (pkg/kubelet, updateRuntimeUp, v1.36). */
const lookSeconds = 5;

/**
 * True when Ready, said at this time, is about the processes that run now: for some time after a restart the API still has what was said before.
 * A kubelet speaks as soon as it has started, but of a containerd that has started after it only when something is wrong, or when its next
 * report is due, minutes later: so Ready counts as well once it has been `isQuiet` for as long as the kubelet needs to notice and tell. Pure.
 */
export function isSaidOf(started: Starts, saidAt: number, isQuiet: boolean): boolean {
  // the API has whole seconds
  if (saidAt < Math.floor(started.kubelet)) return false;
  return started.kubelet >= started.containerd || isQuiet || saidAt >= started.containerd + lookSeconds;
}

/** How long a kubelet takes at most to tell that containerd is not as it should be, with some seconds to spare. */
function timeToNotice(host: ClusterHost, cluster: Cluster): number {
  const { nodeStatusUpdateFrequency = "10s" } = mergeDeep(cluster.kubelet, host.kubelet);
  return lookSeconds * 1000 + parseDuration(String(nodeStatusUpdateFrequency)) + 5000;
}

/** Of a host that joins in this run nothing older is known. */
async function readStarts({ site, host, vault, signal, reach }: ActionContext<Live>): Promise<Starts> {
  if (site.facts.get(host)?.kubernetes.kubeletCertificate === undefined) return { containerd: 0, kubelet: 0 };
  const observed = await observeHost(reach(host), [containerd, kubelet], hostKinds, vault, signal);
  const startOf = (unit: SystemdUnitResource) => (observed.get(systemdUnitKind.id(unit)) as ObservedUnit | undefined)?.startedAt ?? 0;
  return { containerd: startOf(containerd), kubelet: startOf(kubelet) };
}
