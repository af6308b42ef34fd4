import type { ActionContext, Step } from "../engine/contracts.ts";
import { observeHost } from "../engine/observe.ts";
import { waitFor } from "../engine/wait.ts";
import type { Live } from "../kubernetes/live.ts";
import { hostKinds } from "../resources/index.ts";
import { type ObservedStaticPod, type StaticPodResource, staticPodKind } from "../resources/static-pod.ts";
import { lookForReason } from "./look-for-reason.ts";
import { controlPlanes, sameHost } from "./where.ts";
import { writeControlPlane } from "./write-control-plane.ts";

/** Static pods are made anew; and a containerd that is older than the one before it ends what that one ran. */
function endsContainers(id: string): boolean {
  return id.startsWith("static-pod:") || id === "systemd-unit:containerd.service";
}

/** Waits until the API server of each control plane answers. */
export const waitForApi: Step<Live> = {
  id: "api",
  title: "Wait for the API server",
  on: controlPlanes,
  after: sameHost("control-plane", "kubelet"),
  action: {
    describe: "wait until /readyz answers",
    isDone: ({ live }, _host, changing) => live !== undefined && ![...changing].some(endsContainers),
    async run(context) {
      const { site, host, signal, readLive, say } = context;
      // an API server that is about to be replaced still answers
      if (site.live !== undefined) await waitForStaticPods(context);
      say("waiting for /readyz");
      await waitFor(
        {
          what: `the API server on ${host} to answer /readyz`,
          timeoutSeconds: 240,
          intervalMs: 200,
          signal,
          hint: `on ${host}: journalctl -u kubelet, and the logs under /var/log/pods/kube-system_kube-apiserver-*`,
          inspect: lookForReason(context, host),
        },
        readLive,
      );
    },
  },
};

/** Waits until the kubelet has made every static pod from its manifest as it is now, with its inputs as they are now. */
async function waitForStaticPods({ site, host, vault, signal, reach, say }: ActionContext<Live>): Promise<void> {
  const resources = writeControlPlane.resources?.(site, host) ?? [];
  const pods = resources.filter((resource): resource is StaticPodResource => resource.kind === "static-pod");
  const isNew = { vault, now: new Date(), changing: new Set<string>() };
  say("waiting for the kubelet to replace static pods");
  await waitFor(
    {
      what: `the kubelet on ${host} to replace static pods`,
      timeoutSeconds: 120,
      intervalMs: 500,
      signal,
      hint: `on ${host}: journalctl -u kubelet`,
    },
    async () => {
      const observed = await observeHost(reach(host), pods, hostKinds, vault, signal);
      const old = pods.filter((pod) => {
        const seen = observed.get(staticPodKind.id(pod)) as ObservedStaticPod | undefined;
        return seen?.createdAt === undefined || staticPodKind.compare(pod, seen, isNew).some(({ what }) => what === "restart");
      });
      return old.length === 0 ? true : undefined;
    },
  );
}
