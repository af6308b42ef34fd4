import test from "ava";
import { clusterPlace, type ObjectRef, type Site } from "../../src/engine/contracts.ts";
import { readRefs } from "../../src/kubernetes/kboot-objects.ts";
import type { Live } from "../../src/kubernetes/live.ts";
import type { ObjectResource } from "../../src/resources/object.ts";
import { configureCluster } from "../../src/steps/configure-cluster.ts";
import { pruneObjects } from "../../src/steps/prune-objects.ts";
import { testCluster } from "../kubernetes/fixture.ts";

const old: ObjectRef = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "old", namespace: "kube-system" } };

function resourcesOf(step: typeof pruneObjects, applied: readonly ObjectRef[] | undefined) {
  const live = applied && { applied, caCert: "", daemonSets: new Map() };
  const site = { cluster: testCluster(), facts: new Map(), live } as unknown as Site<Live>;
  return (step.resources?.(site, clusterPlace) ?? []) as readonly ObjectResource[];
}

const recordOf = (resources: readonly ObjectResource[]) => {
  const record = resources.find(({ object }) => object.metadata.name === "kboot-objects");
  return readRefs((record?.object["data"] as Record<string, string> | undefined)?.["objects"]).map(({ metadata }) => metadata.name);
};

test("what was applied and is not wished any more is recorded until it is gone", (t) => {
  t.true(recordOf(resourcesOf(configureCluster, [old])).includes("old"));
  const prune = resourcesOf(pruneObjects, [old]);
  t.deepEqual(
    prune.filter(({ absent }) => absent).map(({ object }) => object),
    [old],
  );
  t.false(recordOf(prune).includes("old"));
});

test("what is wished is recorded before it is applied, and never pruned", (t) => {
  const wished = recordOf(resourcesOf(configureCluster, undefined));
  for (const name of ["kubeadm-config", "kube-proxy", "coredns", "kube-flannel-ds"]) t.true(wished.includes(name), name);
  const applied = readRefs((resourcesOf(configureCluster, []).at(-1)?.object["data"] as Record<string, string> | undefined)?.["objects"]);
  t.true(applied.length > 20);
  t.deepEqual(
    resourcesOf(pruneObjects, applied).filter(({ absent }) => absent),
    [],
  );
});
