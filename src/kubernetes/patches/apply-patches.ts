import { applyPatch, type Operation } from "rfc6902";
import { KbootError } from "../../errors.ts";
import type { Cluster, ClusterHost, Patch } from "../../inventory/cluster.ts";
import type { PatchTarget } from "../../inventory/patches.ts";
import { mergeDeep, type Settings } from "../merge.ts";
import { assertOwned, kindOf } from "./keep-owned.ts";
import { mergeKeysOf } from "./merge-keys.ts";
import { strategicMerge } from "./strategic-merge.ts";

/**
 * An object that kboot renders with the inventory's patches of its kind: those of the cluster, then those of the host, where it is a host's.
 * Each applies to what the ones before have made. The object itself is not changed. Throws KbootError `patch` that names the patch, for one
 * that cannot be applied, and for one that changes what belongs to kboot.
 */
export function patchObject<T extends object>(target: PatchTarget, object: T, cluster: Cluster, host?: ClusterHost): T {
  const all = [...patchesAt(cluster.patches, "patches"), ...patchesOf(cluster, host)].filter(({ patch }) => patch.target === target);
  if (all.length === 0) return object;
  // what is to be written has no undefined values
  const plain = JSON.parse(JSON.stringify(object)) as Settings;
  return all.reduce<Settings>((before, { patch, field }) => {
    try {
      const after = applyOne(before, patch);
      assertOwned(target, cluster, before, after);
      return after;
    } catch (cause) {
      throw new KbootError("patch", `the patch of ${target} cannot be applied: ${(cause as Error).message}`, {
        where: {
          ...(host === undefined ? {} : { host: host.name }),
          ...(patch.name === undefined ? { file: cluster.file, field } : { file: patch.name }),
        },
        hint: "nothing was changed; correct the patch and run the same command again",
        cause,
      });
    }
  }, plain) as T;
}

interface Placed {
  readonly patch: Patch;
  /** As it reads below `spec`. */
  readonly field: string;
}

function patchesOf(cluster: Cluster, host: ClusterHost | undefined): readonly Placed[] {
  if (host === undefined) return [];
  return patchesAt(host.patches, `hosts[${cluster.hosts.findIndex(({ name }) => name === host.name)}].patches`);
}

function patchesAt(patches: readonly Patch[], field: string): readonly Placed[] {
  return patches.map((patch, index) => ({ patch, field: `${field}[${index}]` }));
}

function applyOne(before: Settings, { target, type, patch }: Patch): Settings {
  switch (type) {
    case "json":
      return applyOperations(before, patch as readonly Operation[]);
    case "merge":
      return mergeDeep(before, patch as Settings);
    case "strategic":
      return strategicMerge(before, patch as Settings, mergeKeysOf[kindOf(target)]);
  }
}

function whyNot(operation: Operation, error: object): string {
  if (operation.op === "test") return "the value there is another";
  if (operation.op === "move" && operation.path.startsWith(`${operation.from}/`)) return `${operation.from} cannot be moved into itself`;
  return "path" in error && error.path !== operation.path ? `there is no such place: ${error.path}` : "there is no such place";
}

/** RFC 6902: all of them, or an error that names the first that cannot be done. */
function applyOperations(before: Settings, operations: readonly Operation[]): Settings {
  const after = structuredClone(before);
  for (const [index, operation] of operations.entries()) {
    const [error] = applyPatch(after, [operation]);
    if (error) {
      const { op, path } = operation;
      throw new Error(`operation ${index + 1}, ${op} ${path}: ${whyNot(operation, error)}`, { cause: error });
    }
  }
  return after;
}
