import { clusterPlace, type PlannedChange } from "../engine/contracts.ts";
import type { Interruption, Plan, PlannedPair } from "../engine/plan.ts";

/** What does not work while a process restarts. */
const effects: Readonly<Record<string, string>> = {
  etcd: "the API does not answer for some seconds",
  "kube-apiserver": "the API does not answer for some seconds",
  "kube-controller-manager": "controllers pause for some seconds",
  "kube-scheduler": "new pods wait for some seconds",
  "kubelet.service": "pods keep running",
  "containerd.service": "pods keep running; none starts or stops for some seconds",
};

/** What a plan will interrupt, in its order. What does not run yet is not interrupted. */
export function foreseeInterruptions(plan: Plan): readonly Interruption[] {
  return plan.flatMap((pair) => pair.changes.flatMap((change) => foresee(pair, change)));
}

function foresee({ host, action }: PlannedPair, { id, differences }: PlannedChange): readonly Interruption[] {
  const [, kind = "", name = ""] = /^([^:]+):(.*)$/.exec(id) ?? [];
  const by = (isIt: (what: string) => boolean) => differences.find(({ what, from }) => from !== undefined && isIt(what));
  if (kind === "systemd-unit" || kind === "static-pod") {
    const restart = by((what) => what === "restart")?.from;
    const reason = restart ?? (by((what) => what === "manifest") === undefined ? undefined : "its manifest changes");
    const what = name.replace(/\.service$/, "");
    return reason === undefined ? [] : [{ host, what, reason, effect: effects[name] ?? "it does not work for some seconds" }];
  }
  if (kind === "node" && action !== undefined && differences.some(({ what }) => what === "node")) {
    return [{ host, what: "kubelet", reason: "the node is not registered", effect: "pods of the node are made anew" }];
  }
  const workload = /\/(DaemonSet|Deployment)\/[^/]+\/([^/]+)$/.exec(name);
  if (host !== clusterPlace || workload === null || differences.some(({ what }) => what === "object")) return [];
  const template = differences.find(({ what }) => what.startsWith("spec.template."));
  if (template === undefined) return [];
  const [, controller, what = ""] = workload;
  const effect = controller === "DaemonSet" ? "its pods are replaced, node by node" : "its pods are replaced, one after the other";
  return [{ host, what, reason: `${template.what} changes`, effect }];
}
