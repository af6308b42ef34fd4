import type { Api, KubernetesObject, Step } from "../engine/contracts.ts";
import { waitFor } from "../engine/wait.ts";
import { scriptFailed } from "../errors/script-failed.ts";
import { quote } from "../host/quote.ts";
import type { ClusterHost } from "../inventory/cluster.ts";
import type { Live, LiveNode } from "../kubernetes/live.ts";
import { kubeletClientPem } from "../pki/kubeconfig.ts";
import { Secret } from "../secret.ts";
import { markNode } from "./mark-node.ts";
import { type MarksPatch, marksAnnotation, patchMarks } from "./node-marks.ts";
import { specOf, workers } from "./where.ts";

/** The API as the node itself, by the PEM of its kubelet, which holds certificate and key. */
export type OpenAsNode = (pem: Secret) => Api;

/**
 * Notes on the node of a machine that joins by itself which labels and taints its kubelet has registered, so that they are known to be kboot's.
 * A kubelet may write annotations of its node and no more: labels and taints that are missing are left to whoever administers the cluster.
 */
export function markOwnNode(openAsNode: OpenAsNode): Step<Live> {
  const noteOf = (cluster: Parameters<typeof specOf>[0], host: string, live: Live | undefined) => {
    const spec = specOf(cluster, host);
    return onlyNote(spec, live?.nodes.get(spec.nodeName));
  };
  return {
    ...markNode,
    title: "Note labels and taints",
    on: workers,
    action: {
      describe: "note the labels and taints with which the node registered",
      isDone: ({ cluster, live }, host) =>
        live?.nodes.has(specOf(cluster, host).nodeName) === true && noteOf(cluster, host, live) === undefined,
      changes({ cluster, live }, host) {
        const { nodeName } = specOf(cluster, host);
        const isThere = live?.nodes.has(nodeName) ?? false;
        return [
          {
            id: `node:${nodeName}`,
            differences: [{ what: `annotation ${marksAnnotation}`, to: "what kboot has set", ...(isThere ? {} : { unsure: true }) }],
          },
        ];
      },
      async run({ site, host, reach, signal, readLive, say }) {
        const spec = specOf(site.cluster, host);
        say("waiting for the node to register");
        const node = await waitFor(
          { what: `the node ${spec.nodeName} to register`, timeoutSeconds: 120, signal, hint: `on ${host}: journalctl -u kubelet` },
          async () => (await readLive())?.nodes.get(spec.nodeName),
        );
        const note = onlyNote(spec, node);
        if (note === undefined) return;
        const label = "read the kubelet's certificate";
        const { exitCode, stdout, stderr } = await reach(host).run({ label, body: `cat ${quote(kubeletClientPem)}` }, { signal });
        if (exitCode !== 0) throw scriptFailed("the kubelet's certificate cannot be read", { label, exitCode, stderr });
        const ref: KubernetesObject = { apiVersion: "v1", kind: "Node", metadata: { name: spec.nodeName } };
        await openAsNode(new Secret(stdout.toString("utf8"))).patch(ref, note, signal);
      },
    },
  };
}

/** The patch, where it is of the annotation alone. Pure. */
function onlyNote(host: ClusterHost, node: LiveNode | undefined): MarksPatch | undefined {
  const patch = node === undefined ? undefined : patchMarks(host, node);
  return patch === undefined || patch.spec !== undefined || Object.keys(patch.metadata.labels).length > 0 ? undefined : patch;
}
