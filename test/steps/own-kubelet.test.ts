import test from "ava";
import { kindOf } from "../../src/engine/compose.ts";
import type { Site, Step } from "../../src/engine/contracts.ts";
import type { Live } from "../../src/kubernetes/live.ts";
import type { FileResource } from "../../src/resources/file.ts";
import { hostKinds } from "../../src/resources/index.ts";
import type { SystemdUnitResource } from "../../src/resources/systemd-unit.ts";
import { configureKubelet } from "../../src/steps/configure-kubelet.ts";
import { installKubernetes } from "../../src/steps/install-kubernetes.ts";
import { startWorkerKubelet } from "../../src/steps/start-kubelet.ts";
import { testCluster, testHost } from "../kubernetes/fixture.ts";

const host = testHost({
  kubernetes: { from: "host" },
  nodeName: "node-1",
  taints: [{ key: "example.com/batch", effect: "NoSchedule" }],
  kubeletExtraArgs: [
    { name: "v", value: "2" },
    { name: "node-ip", value: "10.0.0.1" },
  ],
});
const site = {
  cluster: testCluster({ hosts: [host] }),
  facts: new Map([["worker1", { architecture: "amd64", hostname: "worker1", resolvedActive: false }]]),
  nodeAddress: new Map([["worker1", "10.0.0.1"]]),
} as unknown as Site<Live>;

const resourcesOf = (step: Step<Live>) => step.resources?.(site, "worker1") ?? [];
const idsOf = (step: Step<Live>) => resourcesOf(step).map((resource) => kindOf(hostKinds, resource).id(resource));

test("programs and unit of a kubelet that is its host's own are left alone", (t) => {
  t.deepEqual(idsOf(installKubernetes), []);
  t.deepEqual(idsOf(configureKubelet), [
    "file:/var/lib/kubelet/config.yaml",
    "file:/var/lib/kubelet/instance-config.yaml",
    "file:/var/lib/kubelet/kubeadm-flags.env",
  ]);
});

test("it has the flags of the inventory and no others, in their order", (t) => {
  const flags = resourcesOf(configureKubelet).find((resource) => (resource as FileResource).path?.endsWith(".env")) as FileResource;
  t.is(flags.content, 'KUBELET_KUBEADM_ARGS="--v=2 --node-ip=10.0.0.1"\n');
});

test("it is restarted for its files, not for programs that its owner has changed", (t) => {
  const unit = resourcesOf(startWorkerKubelet).find(({ kind }) => kind === "systemd-unit") as SystemdUnitResource | undefined;
  t.deepEqual(unit?.inputs, ["/var/lib/kubelet/config.yaml", "/var/lib/kubelet/kubeadm-flags.env"]);
});
