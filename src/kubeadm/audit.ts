import { dirname } from "node:path";
import type { ExtraArg } from "../inventory/cluster.ts";
import type { InventorySpec } from "../inventory/schema.ts";
import type { ClusterConfiguration } from "../kubernetes/kubeadm-documents/v1beta4.ts";
import { lastValue, withoutArguments } from "./arguments.ts";

type ApiServer = NonNullable<ClusterConfiguration["apiServer"]>;
type Volume = NonNullable<ApiServer["extraVolumes"]>[number];

/** What the API server's arguments and volumes say of auditing, and what of them is left. */
export interface Auditing {
  /** Its `policyFile` is the path on the control plane. */
  readonly audit: InventorySpec["audit"];
  readonly args: readonly ExtraArg[];
  /** By their index in the list. */
  readonly volumes: readonly (readonly [number, Volume])[];
}

const names = ["audit-policy-file", "audit-log-path", "audit-log-maxage", "audit-log-maxbackup", "audit-log-maxsize"] as const;

/**
 * Auditing as an inventory has it: a policy, and a log in a directory of the host. Where it is done in another way (a webhook, a log to
 * standard output), all stays among arguments and volumes.
 */
export function takeAudit({ extraArgs = [], extraVolumes = [] }: ApiServer): Auditing {
  const volumes = [...extraVolumes.entries()];
  const untouched = { audit: undefined, args: extraArgs, volumes };
  const [policyPath, logPath, ...limits] = names.map((name) => lastValue(extraArgs, name));
  if (policyPath === undefined || logPath === undefined) return untouched;
  const policyVolume = volumes.find(([, { mountPath }]) => mountPath === policyPath || mountPath === dirname(policyPath));
  const logVolume = volumes.find(([, { mountPath, hostPath }]) => mountPath === hostPath && mountPath === dirname(logPath));
  if (policyVolume === undefined || logVolume === undefined) return untouched;
  const [, { hostPath, mountPath }] = policyVolume;
  // the API server's own default of each is 0: no limit (apiserver/pkg/server/options/audit.go, v1.36)
  const [maxAgeDays = 0, maxBackups = 0, maxSizeMegabytes = 0] = limits.map((limit) => Number(limit ?? 0));
  return {
    audit: { policyFile: `${hostPath}${policyPath.slice(mountPath.length)}`, logPath, maxAgeDays, maxBackups, maxSizeMegabytes },
    args: withoutArguments(extraArgs, names),
    volumes: volumes.filter((entry) => entry !== policyVolume && entry !== logVolume),
  };
}
