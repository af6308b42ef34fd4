import type { Cluster } from "../../src/inventory/cluster.ts";
import { parseInventory } from "../../src/inventory/parse.ts";

/** The cluster `lab` of these hosts, each as YAML in one line, with Flannel and every default. */
export function smallCluster(...hosts: readonly string[]): Cluster {
  const text = `
apiVersion: kboot.dev/v1alpha1
kind: Cluster
metadata: { name: lab }
spec:
  kubernetesVersion: 1.36.3
  network: { plugin: flannel }
  hosts:
${hosts.map((host) => `    - ${host}\n`).join("")}`;
  const { cluster } = parseInventory(text, { file: "kboot.yaml", home: "/root" });
  if (cluster === undefined) throw new Error("the inventory is wrong");
  return cluster;
}
