import { readdirSync } from "node:fs";
import test from "ava";
import { stringify } from "yaml";
import type { Cluster } from "../../src/inventory/cluster.ts";
import { describeCluster } from "../../src/inventory/describe.ts";
import { parseInventory } from "../../src/inventory/parse.ts";
import { readInventory } from "../../src/inventory/read.ts";
import { resolveCluster } from "../../src/inventory/resolve.ts";

const folder = new URL("../../inventory/", import.meta.url).pathname;
const home = process.env["HOME"] ?? "/";

/** What a file says by itself: contents of files that it names come from outside, and SSH settings of the local machine mean nothing. */
function saidBy(cluster: Cluster): object {
  const { audit, network, hosts } = cluster;
  return {
    ...cluster,
    hosts: hosts.map((host) => (host.transport === "local" ? { ...host, ssh: undefined } : host)),
    audit: audit && { ...audit, policy: "" },
    network: network.plugin === "weave-net" ? { ...network, password: undefined } : network,
  };
}

for (const name of readdirSync(folder).filter((file) => file.endsWith(".yaml"))) {
  test(`${name} is described by an inventory that makes the same cluster`, async (t) => {
    const cluster = await readInventory(`${folder}${name}`);
    const text = stringify(describeCluster(cluster));
    const { cluster: again, problems } = parseInventory(text, { file: cluster.file, home });
    t.deepEqual(problems, undefined, text);
    t.deepEqual(again && saidBy(again), saidBy(cluster));
  });
}

test("what a default says is left out", (t) => {
  const file = {
    apiVersion: "kboot.dev/v1alpha1",
    kind: "Cluster",
    metadata: { name: "lab" },
    spec: {
      kubernetesVersion: "1.36.3",
      ssh: { user: "vagrant" },
      network: { plugin: "flannel", version: "0.26.7" },
      extraArgs: { apiServer: { v: "4", "feature-gates": ["A=true", "B=true"] } },
      hosts: [
        { name: "cp1", address: "192.168.56.11", role: "control-plane" },
        { name: "worker1", address: "192.168.56.21", role: "worker", labels: { disk: "ssd" } },
      ],
    },
  } as const;
  const cluster = resolveCluster(file as unknown as Parameters<typeof resolveCluster>[0], { file: "/srv/lab.yaml", home });
  t.deepEqual(describeCluster(cluster), file as unknown as ReturnType<typeof describeCluster>);
});
