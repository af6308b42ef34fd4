import { homedir } from "node:os";
import { resolve } from "node:path";
import { KbootError } from "../errors.ts";
import type { ArtifactSource, Patch } from "../inventory/cluster.ts";
import { draftOf } from "../inventory/draft.ts";
import { findingsOf } from "../inventory/findings.ts";
import { ownedSettings } from "../inventory/owned.ts";
import { judgePatchList, judgeTargets } from "../inventory/patches.ts";
import { formatPath } from "../inventory/problem.ts";
import { resolvePatches, resolveSource } from "../inventory/resolve.ts";
import { specShape } from "../inventory/schema.ts";
import type { Settings } from "../kubernetes/merge.ts";
import type { MachineConfig } from "./config.ts";

/** Settings of an inventory that a machine may have for itself. */
export interface OwnSettings {
  readonly containerd?: Settings;
  readonly kubelet?: Settings;
  readonly patches?: readonly Patch[];
  readonly sources?: readonly ArtifactSource[];
}

const names = ["containerd", "kubelet", "patches", "sources"] as const;

/**
 * What a document of kboot's own says of a machine that joins, by the rules of an inventory. Throws KbootError `usage` that names every
 * field which is wrong, and those that are the cluster's.
 */
export function readOwnSettings({ file, own }: Pick<MachineConfig, "file" | "own">): OwnSettings {
  const foreign = Object.keys(own).filter((name) => !(names as readonly string[]).includes(name));
  if (foreign.length > 0) {
    throw new KbootError("usage", `${file}: a machine that joins cannot have ${foreign.join(", ")} of its own: the cluster has that`, {
      where: { file },
      hint: `of an inventory it takes ${names.join(", ")}`,
    });
  }
  const right = draftOf({ spec: own }).spec;
  const wrong = [
    ...names.flatMap((name) =>
      (specShape[name].safeParse(own[name], { reportInput: true }).error?.issues ?? [])
        .flatMap(findingsOf)
        .map((finding) => ({ ...finding, path: ["spec", name, ...finding.path] })),
    ),
    ...ownedSettings(draftOf({ spec: own })),
    ...judgePatchList(right.patches, ["spec", "patches"]),
    ...judgeTargets(right.patches, "worker", ["spec", "patches"]),
  ];
  if (wrong.length > 0) {
    throw new KbootError("usage", wrong.map(({ path, message }) => `${file}: Cluster.${formatPath(path)}: ${message}`).join("\n"), {
      where: { file },
      hint: "docs/inventory.md describes these settings",
    });
  }
  const { containerd, kubelet, patches, sources } = right;
  return {
    ...(containerd === undefined ? {} : { containerd }),
    ...(kubelet === undefined ? {} : { kubelet }),
    ...(patches === undefined ? {} : { patches: resolvePatches(patches) }),
    ...(sources === undefined ? {} : { sources: sources.map((source) => resolveSource(source, { file: resolve(file), home: homedir() })) }),
  };
}
