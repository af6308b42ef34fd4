import { readInventory } from "../inventory/read.ts";

/** `kboot inventory validate` */
export async function validate(options: Record<string, unknown>): Promise<void> {
  const file = String(options["file"]);
  const cluster = await readInventory(file);
  process.stdout.write(`${file}: cluster ${cluster.name}, Kubernetes ${cluster.kubernetesVersion}, ${cluster.hosts.length} hosts\n`);
}
