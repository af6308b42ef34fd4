import { readInventory } from "../inventory/read.ts";
import { count } from "../ui/count.ts";
import { findInventory } from "./inventory-file.ts";

/** `kboot inventory validate` */
export async function validate(options: Record<string, unknown>): Promise<void> {
  const file = findInventory(options["file"]);
  const { name, kubernetesVersion, hosts } = await readInventory(file);
  process.stdout.write(`${file}: cluster ${name}, Kubernetes ${kubernetesVersion}, ${count(hosts.length, "host")}\n`);
}
