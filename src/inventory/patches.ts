import { z } from "zod";
import type { Role } from "./cluster.ts";
import type { Draft } from "./draft.ts";
import { choice, fields, list, text, wrongType } from "./fields.ts";
import { findingsOf } from "./findings.ts";
import { matching } from "./judge.ts";
import type { Finding, Path } from "./problem.ts";

/** What kubeadm's patches may be about, by the names that it gives them. */
export const patchTargets = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "etcd",
  "kubeletconfiguration",
  "corednsdeployment",
] as const;

export type PatchTarget = (typeof patchTargets)[number];

export const patchTypes = ["strategic", "merge", "json"] as const;

export type PatchType = (typeof patchTypes)[number];

const patch = fields(
  {
    name: text().optional(),
    target: choice(patchTargets),
    type: choice(patchTypes).optional(),
    patch: z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())], { error: wrongType("a map or a list of operations") }),
  },
  "write target and patch",
);

/** The patches of a cluster or of a host. */
export const patches = list(patch);

const pointer = text(matching(/^\//, (path) => `${path} is no JSON pointer; write one such as /spec/hostNetwork`));

const operation = fields(
  {
    op: choice(["add", "remove", "replace", "move", "copy", "test"]),
    path: pointer,
    from: pointer.optional(),
    value: z.unknown().optional(),
  },
  "write op and path",
).superRefine(({ op, from, ...rest }, { addIssue }) => {
  const isPlain = ["add", "replace", "test"].includes(op);
  if (isPlain && !("value" in rest)) addIssue({ code: "custom", path: ["value"], message: `is missing; ${op} needs one` });
  if (["move", "copy"].includes(op) && from === undefined) {
    addIssue({ code: "custom", path: ["from"], message: `is missing; ${op} needs one` });
  }
});

/** A patch as far as its rules look at it. */
interface Judged {
  readonly target: PatchTarget;
  readonly type?: PatchType | undefined;
  readonly patch: unknown;
}

/** What is wrong between the fields of patches of a file. */
export function judgePatches({ spec, hosts }: Draft): readonly Finding[] {
  return [
    ...judgePatchList(spec.patches, ["spec", "patches"]),
    ...hosts.flatMap(({ index, host, wrong }) => {
      const path = ["spec", "hosts", index, "patches"];
      return [...judgePatchList(host.patches, path), ...judgeTargets(host.patches, wrong.has("role") ? undefined : host.role, path)];
    }),
  ];
}

/** What is wrong between the fields of each of these patches, and in the operations of one of type json; `path` is that of the list. */
export function judgePatchList(all: readonly Judged[] = [], path: Path): readonly Finding[] {
  return all.flatMap(({ type = "strategic", patch: value }, index) => {
    const at = [...path, index, "patch"];
    if (type !== "json") {
      return Array.isArray(value) ? [{ path: at, message: `must be a map with type ${type}; a list of operations is of type json` }] : [];
    }
    if (!Array.isArray(value)) return [{ path: at, message: "must be a list of operations with type json" }];
    return value.flatMap((one, place) =>
      (operation.safeParse(one, { reportInput: true }).error?.issues ?? [])
        .flatMap(findingsOf)
        .map((finding) => ({ ...finding, path: [...at, place, ...finding.path] })),
    );
  });
}

/** A host's own patches are about what it runs. */
export function judgeTargets(all: readonly Judged[] = [], role: Role | undefined, path: Path): readonly Finding[] {
  return all.flatMap(({ target }, index) => {
    const at = [...path, index, "target"];
    if (target === "corednsdeployment")
      return [{ path: at, message: "is the cluster's, not a host's; write the patch under spec.patches" }];
    return role === "worker" && target !== "kubeletconfiguration"
      ? [{ path: at, message: `${target} does not run on a worker; take the patch out` }]
      : [];
  });
}
