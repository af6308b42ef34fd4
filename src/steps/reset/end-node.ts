import type { Step } from "../../engine/contracts.ts";
import { KbootError } from "../../errors.ts";
import { joinTraces } from "../../host/remove-traces.ts";
import { kubernetesImage } from "../../kubernetes/images.ts";
import type { Live } from "../../kubernetes/live.ts";
import { stopNode } from "../../kubernetes/stop-node.ts";
import { nodeTraces, runtimeData, runtimeTraces } from "../../kubernetes/traces.ts";
import { networkPlugin } from "../../network/index.ts";
import { everyHost, sameHost } from "../where.ts";
import type { ResetOptions } from "./index.ts";
import { broughtTo } from "./made.ts";

/** Ends kubelet, pods and what they run in, and removes what the cluster's components have made. */
export function endNode({ keepBinaries }: ResetOptions): Step<Live> {
  return {
    id: "end-node",
    title: "End kubelet and pods",
    on: everyHost,
    after: sameHost("drain"),
    action: {
      describe: "end kubelet, pods and sandboxes, and remove their mounts, rules, sets, interfaces and data by name",
      isDone: (site, host) => !Object.values(broughtTo(site, host)).includes(true),
      async run({ site, host, reach, signal }) {
        const { kubelet, runtime } = broughtTo(site, host);
        const network = networkPlugin(site.cluster)?.traces;
        const traces = joinTraces([
          ...(kubelet ? [nodeTraces, ...(network === undefined ? [] : [network])] : []),
          ...(runtime ? [runtimeTraces, ...(keepBinaries ? [] : [runtimeData])] : []),
        ]);
        const body = stopNode({ kubelet, runtime, toolsImage: kubernetesImage("kube-proxy", site.cluster), traces });
        const { exitCode, stdout, stderr } = await reach(host).run({ label: "end the node", body }, { signal });
        const left = stdout.toString("utf8").match(/^left: .+$/gm) ?? [];
        if (exitCode === 0 && left.length === 0) return;
        const what = left.length === 0 ? `exit code ${exitCode}` : left.map((line) => line.slice("left: ".length)).join(", ");
        throw new KbootError("script", `not all of the node could be removed: ${what}`, {
          hint: "see who uses it (`fuser -vm PATH`, `lsof`), then run the same command again: it goes on where it stopped",
          script: { label: "end the node", exitCode, stderr },
        });
      },
    },
  };
}
