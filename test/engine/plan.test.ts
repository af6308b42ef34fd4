import test from "ava";
import type { AnyResource, ClusterKind, Step } from "../../src/engine/contracts.ts";
import { listPairs } from "../../src/engine/pairs.ts";
import { diffPair } from "../../src/engine/plan.ts";
import { Vault } from "../../src/engine/vault.ts";
import type { Cluster } from "../../src/inventory/cluster.ts";
import { file } from "../../src/resources/file.ts";
import { hostKinds } from "../../src/resources/index.ts";
import { systemdUnit } from "../../src/resources/systemd-unit.ts";

const config = "/etc/kubelet.conf";
const unit = systemdUnit("kubelet.service", [config]);
const running = { activeState: "active", unitFileState: "enabled", startedAt: 2000, inputTimes: { [config]: 1000 } };

/** What would change when a host's file is found like this, and its unit running since. */
function planFor(found: { content: string; mode: string }) {
  const step: Step<unknown> = { id: "one", title: "One", on: () => ["a"], after: [], resources: () => [file(config, "wished"), unit] };
  const [pair] = listPairs([step], {} as Cluster);
  if (pair === undefined) throw new Error("no pair");
  const observed = new Map<string, unknown>([
    [`file:${config}`, { ...found, owner: "root:root" }],
    ["systemd-unit:kubelet.service", running],
  ]);
  const site = { now: new Date(0) } as Parameters<typeof diffPair>[3]["site"];
  const context = { site, now: site.now, vault: new Vault(), kinds: hostKinds, clusterKind: {} as ClusterKind<AnyResource> };
  return diffPair(pair, observed, new Set(), context).items.map(({ resource, differences }) => [
    resource.kind,
    differences.map(({ what }) => what),
  ]);
}

test("a process is restarted for what its input says, not for who may read it", (t) => {
  t.deepEqual(planFor({ content: "wished", mode: "0644" }), []);
  t.deepEqual(planFor({ content: "wished", mode: "0600" }), [["file", ["mode"]]]);
  t.deepEqual(planFor({ content: "other", mode: "0644" }), [
    ["file", ["content"]],
    ["systemd-unit", ["restart"]],
  ]);
});
