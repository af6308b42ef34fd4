import type { Action, Step } from "../engine/contracts.ts";
import { KbootError } from "../errors.ts";
import { kubeletFiles } from "../kubernetes/kubelet.ts";
import type { Live } from "../kubernetes/live.ts";
import { binDir } from "../kubernetes/paths.ts";
import { systemdUnit, systemdUnitKind } from "../resources/systemd-unit.ts";
import { controlPlanes, sameHost, specOf, workers } from "./where.ts";

/** Files that the kubelet reads at its start. Its kubeconfig and certificate it reads again by itself. */
const inputs = [`${binDir}/kubelet`, ...Object.values(kubeletFiles)];

const unit = systemdUnit("kubelet.service", inputs);

/** A kubelet registers its node at its start alone: one that is missing, as after `kubectl delete node`, comes back by a restart. */
const registerNode: Action<Live> = {
  describe: "restart the kubelet, so that it registers its node again",
  isDone: ({ cluster, facts, live }, host, changing) =>
    live === undefined ||
    live.nodes.has(specOf(cluster, host).nodeName) ||
    facts.get(host)?.kubernetes.kubeletCredential !== true ||
    changing.has(systemdUnitKind.id(unit)),
  async run({ host, reach, signal }) {
    const { exitCode, stderr } = await reach(host).run(
      { label: "restart the kubelet", body: "systemctl restart kubelet.service" },
      { signal },
    );
    if (exitCode !== 0) {
      throw new KbootError("script", `the kubelet does not start again: ${stderr.trim()}`, {
        hint: "on the host: systemctl status kubelet, and journalctl -u kubelet",
        script: { label: "restart the kubelet", exitCode, stderr },
      });
    }
  },
};

/** Runs the kubelet of a control plane, which starts etcd and the API from their manifests. */
export const startControlPlaneKubelet: Step<Live> = {
  id: "kubelet",
  title: "Run the kubelet",
  on: controlPlanes,
  after: sameHost("kubelet-config", "control-plane", "images", "endpoint-name"),
  resources: () => [unit],
  action: registerNode,
};

/** Keeps the kubelet of a worker enabled and running. It was started by joining. */
export const startWorkerKubelet: Step<Live> = {
  id: "worker-kubelet",
  title: "Keep the kubelet running",
  on: workers,
  after: sameHost("join"),
  resources: () => [unit],
  action: registerNode,
};
