import { existsSync } from "node:fs";
import { checkNames } from "../checks/index.ts";
import { KbootError } from "../errors.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { readInventory } from "../inventory/read.ts";

/** Of the current folder, unless another is named. */
export const usualInventory = "kboot.yaml";

/** An inventory, and its file as the user named it. */
export interface NamedInventory {
  readonly file: string;
  readonly cluster: Cluster;
}

/**
 * Reads the inventory that the user named, else `kboot.yaml` of the current folder. Throws KbootError `usage` when there is neither,
 * and `inventory` for what is wrong in it, names of checks included.
 */
export async function openInventory(named: unknown): Promise<NamedInventory> {
  const file = findInventory(named);
  return { file, cluster: await readInventory(file, checkNames) };
}

function findInventory(named: unknown): string {
  if (typeof named === "string") return named;
  if (existsSync(usualInventory)) return usualInventory;
  throw new KbootError("usage", `no inventory is named, and there is no ${usualInventory} here`, {
    hint: "name one: -f inventory/lab.yaml",
  });
}
