import type { Check } from "../engine/contracts.ts";
import type { Live } from "../kubernetes/live.ts";
import { nodeOfCertificate } from "../pki/read.ts";

/** Checks of a machine that joins by itself. `host` is its name in the inventory, `nodeName` what its node is to be called. */
export function joinChecks(host: string, nodeName: string): readonly Check<Live>[] {
  return [
    {
      name: "other-cluster",
      problems({ facts, live }) {
        const own = facts.get(host)?.kubernetes.caCert;
        return own === undefined || live === undefined || own.trim() === live.caCert.trim()
          ? []
          : [{ host, message: "this machine belongs to another cluster: its CA is another one", hint: "kboot reset, then join again" }];
      },
    },
    {
      name: "control-plane-here",
      problems: ({ facts }) =>
        Object.keys(facts.get(host)?.kubernetes.manifests ?? {}).length === 0
          ? []
          : [{ host, message: "this machine is a control plane", hint: "kboot reset ends it; then join again" }],
    },
    {
      name: "other-node",
      problems({ facts }) {
        const certificate = facts.get(host)?.kubernetes.kubeletCertificate;
        const own = certificate === undefined ? undefined : nodeOfCertificate(certificate);
        return own === undefined || own === nodeName
          ? []
          : [{ host, message: `this machine is the node ${own} already`, hint: `join it as ${own}, or reset it first: kboot reset` }];
      },
    },
    {
      name: "node-name",
      problems: ({ facts, live }) =>
        facts.get(host)?.kubernetes.kubeletCertificate === undefined && live?.nodes.get(nodeName)?.isReady === true
          ? [
              {
                host,
                message: `the cluster has a node ${nodeName} already, which is Ready`,
                hint: `give this machine another name with --node-name, or remove that node first: kubectl delete node ${nodeName}`,
              },
            ]
          : [],
    },
  ];
}
