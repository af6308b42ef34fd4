import type { Step } from "../engine/contracts.ts";
import { waitFor } from "../engine/wait.ts";
import type { Live } from "../kubernetes/live.ts";
import { compareMarks, patchMarks } from "./node-marks.ts";
import { anyHost, everyHost, sameHost, specOf } from "./where.ts";

/**
 * Sets labels and taints, and lifts a cordon of kboot's, through the API, as a kubelet may not give itself all of them. Taints are one list that the
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
    isDone({ cluster, live }, host) {
      const spec = specOf(cluster, host);
      return compareMarks(spec, live?.nodes.get(spec.nodeName)).length === 0;
    },
    changes({ cluster, live }, host) {
      const spec = specOf(cluster, host);
      const id = `node:${spec.nodeName}`;
      // a node that is not there is a difference of the step that has it registered
      const differences = compareMarks(spec, live?.nodes.get(spec.nodeName)).map((one) => (one.unsure ? { ...one, seenBy: id } : one));
      return [{ id, differences }];
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
      const patch = patchMarks(spec, node);
      if (patch === undefined) return;
      await (await api()).patch({ apiVersion: "v1", kind: "Node", metadata: { name: spec.nodeName } }, patch, signal);
    },
  },
};
