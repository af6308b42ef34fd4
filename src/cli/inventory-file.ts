import { existsSync } from "node:fs";
import { KbootError } from "../errors.ts";

const usual = "kboot.yaml";

/** The inventory that the user named, else `kboot.yaml` of the current folder. Throws KbootError `usage` when there is neither. */
export function findInventory(named: unknown): string {
  if (typeof named === "string") return named;
  if (existsSync(usual)) return usual;
  throw new KbootError("usage", `no inventory is named, and there is no ${usual} here`, { hint: "name one: -f inventory/lab.yaml" });
}
