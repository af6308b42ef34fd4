import type { Difference, Step } from "../engine/contracts.ts";
import { waitFor } from "../engine/wait.ts";
import type { ClusterHost, Taint } from "../inventory/cluster.ts";
import type { Live, LiveNode } from "../kubernetes/live.ts";
import { anyHost, everyHost, sameHost, specOf } from "./where.ts";

/** Labels that a node shall have: the inventory's, and kubeadm's marks of a control plane. */
function wishedLabels(host: ClusterHost): Readonly<Record<string, string>> {
  const marks = { "node-role.kubernetes.io/control-plane": "", "node.kubernetes.io/exclude-from-external-load-balancers": "" };
  return { ...host.labels, ...(host.role === "control-plane" ? marks : {}) };
}

function sameTaint(a: Taint, b: Taint): boolean {
  return a.key === b.key && a.effect === b.effect && (a.value ?? "") === (b.value ?? "");
}

function compareMarks(host: ClusterHost, node: LiveNode | undefined): readonly Difference[] {
  if (node === undefined) return [{ what: "labels and taints", to: "set once the node is there", unsure: true }];
  const labels = Object.entries(wishedLabels(host)).filter(([key, value]) => node.labels[key] !== value);
  const taints = host.taints.filter((taint) => !node.taints.some((found) => sameTaint(found, taint)));
  return [
    ...labels.map(([key, value]) => ({ what: `label ${key}`, from: node.labels[key], to: JSON.stringify(value) })),
    ...taints.map(({ key, value, effect }) => ({ what: `taint ${key}`, to: [value, effect].filter(Boolean).join(":") })),
  ];
}

function isMarked(host: ClusterHost, node: LiveNode | undefined): boolean {
  return compareMarks(host, node).length === 0;
}

/**
 * Sets labels and taints through the API, as a kubelet may not give itself all of them. Taints are one list that the
 * node controllers also write, so they are added to what is there, not applied.
 */
export const markNode: Step<Live> = {
  id: "node-marks",
  title: "Set labels and taints",
  on: everyHost,
  after: [...sameHost("worker-kubelet", "kubelet"), anyHost("api")],
  needsLive: true,
  action: {
    describe: "set labels and taints",
    isDone: ({ cluster, live }, host) => isMarked(specOf(cluster, host), live?.nodes.get(specOf(cluster, host).nodeName)),
    changes({ cluster, live }, host) {
      const spec = specOf(cluster, host);
      return [{ id: `node:${spec.nodeName}`, differences: compareMarks(spec, live?.nodes.get(spec.nodeName)) }];
    },
    async run({ site, host, signal, api, readLive, say }) {
      const spec = specOf(site.cluster, host);
      say("waiting for the node to register");
      const node = await waitFor(
        {
          what: `the node ${spec.nodeName} to register`,
          timeoutSeconds: 120,
          signal,
          hint: `on ${host}: journalctl -u kubelet`,
        },
        async () => (await readLive())?.nodes.get(spec.nodeName),
      );
      if (isMarked(spec, node)) return;
      const missing = spec.taints.filter((taint) => !node.taints.some((found) => sameTaint(found, taint)));
      const kept = node.taints.filter((found) => !missing.some((taint) => taint.key === found.key && taint.effect === found.effect));
      await (await api()).patch(
        { apiVersion: "v1", kind: "Node", metadata: { name: spec.nodeName } },
        { metadata: { labels: wishedLabels(spec) }, ...(missing.length === 0 ? {} : { spec: { taints: [...kept, ...missing] } }) },
        signal,
      );
    },
  },
};
