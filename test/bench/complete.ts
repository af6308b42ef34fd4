import { setTimeout as sleep } from "node:timers/promises";
import { type Lab, onHost } from "../cluster/support/lab.ts";

interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly replicas?: number };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly numberReady?: number;
    readonly availableReplicas?: number;
  };
}

/** Waits until every host is a Ready node that runs kube-proxy and Flannel, and CoreDNS has all its replicas. Returns how often it had to look. */
export async function waitUntilComplete(set: Lab, signal: AbortSignal): Promise<number> {
  for (let looks = 1; ; looks += 1) {
    signal.throwIfAborted();
    const text = await onHost(set, "cp1", "kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes,daemonsets,deployments -A -o json");
    const missing = findMissing((JSON.parse(text) as { items: readonly Item[] }).items, set.hosts.length);
    if (missing.length === 0) return looks;
    if (looks === 600) throw new Error(`the cluster does not become complete: ${missing.join(", ")}`);
    await sleep(200, undefined, { signal });
  }
}

function findMissing(items: readonly Item[], hosts: number): readonly string[] {
  const found = (kind: string, name: string) => items.find((item) => item.kind === kind && item.metadata.name === name);
  const ready = items.filter(
    ({ kind, status }) => kind === "Node" && status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"),
  );
  const daemonSets = ["kube-proxy", "kube-flannel-ds"].filter((name) => found("DaemonSet", name)?.status?.numberReady !== hosts);
  const dns = found("Deployment", "coredns");
  return [
    ...(ready.length === hosts ? [] : ["nodes"]),
    ...daemonSets,
    ...(dns !== undefined && dns.status?.availableReplicas === dns.spec?.replicas ? [] : ["coredns"]),
  ];
}
