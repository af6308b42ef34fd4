import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { KbootError } from "../errors.ts";
import type { Cluster } from "./cluster.ts";
import { parseInventory } from "./parse.ts";
import { formatProblem } from "./problem.ts";

/**
 * The cluster that a file describes. Throws KbootError `inventory` whose message has one line for every problem,
 * `inventory/lab.yaml:12:5 hosts[1].address: ...`, with the path as it was given. `checks` are the names that `ignoreChecks` may hold.
 */
export async function readInventory(file: string, checks?: readonly string[]): Promise<Cluster> {
  const text = await readFile(file, "utf8").catch((cause: Error) => {
    throw new KbootError("inventory", `cannot read the inventory: ${cause.message}`, {
      where: { file },
      hint: "name an inventory that you can read; inventory/minimal.yaml is one to begin with",
      cause,
    });
  });
  const { cluster, problems } = parseInventory(text, { file, home: homedir(), checks });
  if (cluster !== undefined) return cluster;
  throw new KbootError("inventory", problems.map((problem) => formatProblem(file, problem)).join("\n"), {
    hint: "docs/inventory.md describes every field",
  });
}
