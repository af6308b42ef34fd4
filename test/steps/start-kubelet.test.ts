import test from "ava";
import type { Site } from "../../src/engine/contracts.ts";
import { Vault } from "../../src/engine/vault.ts";
import type { Live } from "../../src/kubernetes/live.ts";
import { type SystemdUnitResource, systemdUnitKind } from "../../src/resources/systemd-unit.ts";
import { startControlPlaneKubelet, startWorkerKubelet } from "../../src/steps/start-kubelet.ts";

/** Whether a worker's kubelet is left alone. */
function isLeftAlone(found: { joined: boolean; nodes?: readonly string[]; changing?: readonly string[] }): boolean | undefined {
  const { joined, nodes, changing = [] } = found;
  const site = {
    cluster: { hosts: [{ name: "w1", nodeName: "node1" }] },
    facts: new Map([["w1", { kubernetes: { kubeletCertificate: joined ? "a certificate" : undefined } }]]),
    live: nodes === undefined ? undefined : { nodes: new Map(nodes.map((name) => [name, {}])) },
  } as unknown as Site<Live>;
  return startWorkerKubelet.action?.isDone(site, "w1", new Set(changing));
}

test("a kubelet whose node was deleted is restarted, so that it registers again", (t) => {
  t.false(isLeftAlone({ joined: true, nodes: ["other"] }));
});

test("a kubelet is left alone whose node is there, that has yet to join, that is started anyway, or while the cluster does not answer", (t) => {
  t.true(isLeftAlone({ joined: true, nodes: ["node1"] }));
  t.true(isLeftAlone({ joined: false, nodes: [] }));
  t.true(isLeftAlone({ joined: true, nodes: [], changing: ["systemd-unit:kubelet.service"] }));
  t.true(isLeftAlone({ joined: true }));
});

test("while the API does not answer a changed manifest of it restarts the kubelet of a control plane", (t) => {
  const restarts = (live: object | undefined, changing: string) => {
    const cluster = { hosts: [{ name: "cp1", kubernetes: { from: "sources" } }] };
    const [unit] = startControlPlaneKubelet.resources?.({ cluster, live } as unknown as Site<Live>, "cp1") ?? [];
    const observed = { activeState: "active", unitFileState: "enabled", startedAt: 1, inputTimes: {} };
    const context = { vault: new Vault(), now: new Date(0), changing: new Set([changing]) };
    return systemdUnitKind.compare(unit as SystemdUnitResource, observed, context).map(({ what }) => what);
  };
  for (const name of ["etcd", "kube-apiserver"]) {
    t.deepEqual(restarts(undefined, `/etc/kubernetes/manifests/${name}.yaml`), ["restart"]);
    t.deepEqual(restarts({}, `/etc/kubernetes/manifests/${name}.yaml`), []);
  }
  t.deepEqual(restarts(undefined, "/etc/kubernetes/manifests/kube-scheduler.yaml"), []);
});
