import { count } from "../ui/count.ts";
import { openInventory } from "./inventory-file.ts";

/** `kboot inventory validate` */
export async function validate(options: Record<string, unknown>): Promise<void> {
  const { file, cluster } = await openInventory(options["file"]);
  const { name, kubernetesVersion, hosts } = cluster;
  process.stdout.write(`${file}: cluster ${name}, Kubernetes ${kubernetesVersion}, ${count(hosts.length, "host")}\n`);
}
