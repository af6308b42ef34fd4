import type { Step } from "../engine/contracts.ts";
import { kubeletFiles } from "../kubernetes/kubelet.ts";
import type { Live } from "../kubernetes/live.ts";
import { binDir } from "../kubernetes/paths.ts";
import { systemdUnit } from "../resources/systemd-unit.ts";
import { controlPlanes, sameHost, workers } from "./where.ts";

/** Files that the kubelet reads at its start. Its kubeconfig and certificate it reads again by itself. */
const inputs = [`${binDir}/kubelet`, ...Object.values(kubeletFiles)];

const unit = systemdUnit("kubelet.service", inputs);

/** Runs the kubelet of a control plane, which starts etcd and the API from their manifests. */
export const startControlPlaneKubelet: Step<Live> = {
  id: "kubelet",
  title: "Run the kubelet",
  on: controlPlanes,
  after: sameHost("kubelet-config", "control-plane", "images", "endpoint-name"),
  resources: () => [unit],
};

/** Keeps the kubelet of a worker enabled and running. It was started by joining. */
export const startWorkerKubelet: Step<Live> = {
  id: "worker-kubelet",
  title: "Keep the kubelet running",
  on: workers,
  after: sameHost("join"),
  resources: () => [unit],
};
