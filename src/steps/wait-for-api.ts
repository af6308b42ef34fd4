import type { Step } from "../engine/contracts.ts";
import { waitFor } from "../engine/wait.ts";
import type { Live } from "../kubernetes/live.ts";
import { lookForReason } from "./look-for-reason.ts";
import { controlPlanes, sameHost } from "./where.ts";

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
      const { host, signal, readLive, say } = context;
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
