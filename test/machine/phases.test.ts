import test from "ava";
import type { Site } from "../../src/engine/contracts.ts";
import { KbootError } from "../../src/errors.ts";
import type { Facts } from "../../src/host/facts.ts";
import type { Live } from "../../src/kubernetes/live.ts";
import { limitWay, onlyPhase, type Phases, skipPhases } from "../../src/machine/phases.ts";
import { resourceId } from "../../src/resources/index.ts";
import { bootstrapWay } from "../../src/steps/index.ts";
import { testAudit } from "../kubernetes/fixture.ts";
import { noArtifacts } from "../support/kind.ts";
import { smallCluster } from "../support/small-cluster.ts";

const cluster = smallCluster("{ name: cp1, role: control-plane, address: 192.0.2.1 }");
const facts = { architecture: "amd64", directories: [], nameservers: [], hostname: "cp1", kubernetes: { manifests: {} } };
const site = {
  cluster,
  facts: new Map([["cp1", facts as unknown as Facts]]),
  artifacts: noArtifacts,
  live: undefined,
  nodeAddress: new Map([["cp1", "192.0.2.1"]]),
  unreachable: new Map(),
  now: new Date(),
} as unknown as Site<Live>;

/** What of these steps' resources is left: `certificates certificate:apiserver`. */
function idsOf(phases: Phases, steps: readonly string[], of = site): readonly string[] {
  return limitWay(bootstrapWay, phases, resourceId)
    .filter(({ id }) => steps.includes(id) && phases.takesStep(id))
    .flatMap((step) =>
      step
        .on(cluster)
        .flatMap((host) => step.resources?.(of, host) ?? [])
        .map((resource) => `${step.id} ${resourceId(resource)}`),
    );
}

const pki = ["shared-secrets", "certificates", "kubeconfigs"];

test("a sub-phase is its own resource, with the authority that signs it", (t) => {
  t.deepEqual(
    idsOf(onlyPhase("init", "certs/etcd-server"), pki).filter((id) => !id.includes("directory:")),
    ["shared-secrets shared-secret:etcd-ca", "certificates certificate:etcd-server"],
  );
  t.deepEqual(
    idsOf(onlyPhase("init", "kubeconfig/admin"), pki).filter((id) => !id.includes("directory:")),
    ["shared-secrets shared-secret:ca", "kubeconfigs kubeconfig:/etc/kubernetes/admin.conf"],
  );
  t.deepEqual(
    idsOf(onlyPhase("init", "control-plane/scheduler"), ["control-plane"]).filter((id) => !id.includes("directory:")),
    ["control-plane static-pod:kube-scheduler"],
  );
});

test("the API server's phase brings the audit policy that it reads, and no other does", (t) => {
  const audited = { ...site, cluster: { ...cluster, audit: testAudit } };
  const ids = (name: string) => idsOf(onlyPhase("init", name), ["control-plane"], audited).filter((id) => !id.includes("directory:"));
  const own = ["control-plane file:/etc/kubernetes/audit-policy.yaml", "control-plane static-pod:kube-apiserver"];
  t.deepEqual(ids("control-plane/apiserver"), own);
  t.deepEqual(ids("control-plane").slice(0, 2), own);
  t.deepEqual(ids("control-plane/scheduler"), ["control-plane static-pod:kube-scheduler"]);
});

test("what is skipped is missing alone, and what others need of it stays", (t) => {
  const all = idsOf(skipPhases("init", []), [...pki, "control-plane", "cluster-config"]);
  const left = (...names: readonly string[]) => idsOf(skipPhases("init", names), [...pki, "control-plane", "cluster-config"]);
  const missing = (...names: readonly string[]) => all.filter((id) => !left(...names).includes(id));
  t.deepEqual(missing("certs/apiserver"), ["certificates certificate:apiserver"]);
  t.deepEqual(missing("etcd"), ["control-plane static-pod:etcd"]);
  t.deepEqual(missing("certs/sa", "kubeconfig/scheduler"), [
    "shared-secrets shared-secret:sa",
    "kubeconfigs kubeconfig:/etc/kubernetes/scheduler.conf",
  ]);
  t.true(missing("upload-config/kubelet").every((id) => id.includes("kubelet-config")));
  t.is(missing("upload-config/kubelet").length, 3);
  t.deepEqual(missing("upload-certs"), []);
});

test("a phase is the steps that it names", (t) => {
  const stepsOf = (command: "init" | "join", name: string) => {
    const phases = onlyPhase(command, name);
    return bootstrapWay.map(({ id }) => id).filter((id) => phases.takesStep(id));
  };
  t.deepEqual(stepsOf("init", "certs"), ["shared-secrets", "certificates"]);
  t.deepEqual(stepsOf("init", "kubeconfig"), ["shared-secrets", "kubeconfigs"]);
  t.deepEqual(stepsOf("init", "control-plane"), ["control-plane"]);
  t.deepEqual(stepsOf("init", "kubelet-start"), ["kubernetes", "kubelet-config", "kubelet"]);
  t.deepEqual(stepsOf("init", "wait-control-plane"), ["api"]);
  t.deepEqual(stepsOf("init", "upload-config"), ["cluster-config"]);
  t.deepEqual(stepsOf("init", "mark-control-plane"), ["node-marks"]);
  t.deepEqual(stepsOf("init", "addon"), ["kube-proxy", "coredns"]);
  t.deepEqual(stepsOf("join", "kubelet-start"), ["kubernetes", "kubelet-config", "join", "worker-kubelet"]);
  t.deepEqual(stepsOf("join", "kubelet-wait-bootstrap"), ["node-marks", "node-ready"]);
});

test("without an addon nobody waits for it", (t) => {
  t.false(skipPhases("init", ["addon/kube-proxy"]).takesStep("addons-ready"));
  t.true(skipPhases("init", ["certs"]).takesStep("addons-ready"));
});

test("a phase that has no counterpart says why, and one that there is not names those that there are", (t) => {
  const none = t.throws(() => onlyPhase("init", "upload-certs"), { instanceOf: KbootError, code: "usage" });
  t.regex(none.message, /no counterpart of kubeadm's phase upload-certs: /);
  const unknown = t.throws(() => skipPhases("init", ["certs/apisever"]), { instanceOf: KbootError, code: "usage" });
  t.is(unknown.message, "kubeadm init has no phase certs/apisever");
  t.regex((unknown as KbootError).hint ?? "", /did you mean certs\/apiserver\?/);
});

test("around the way: checks, token and message can be left out", (t) => {
  t.like(skipPhases("init", ["preflight", "bootstrap-token", "show-join-command"]), { checks: false, token: false, message: false });
  t.like(skipPhases("init", []), { checks: true, token: true, message: true });
  t.like(onlyPhase("init", "certs/all"), { token: false, message: false });
});
