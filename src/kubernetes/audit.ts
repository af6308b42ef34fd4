import { dirname } from "node:path";
import type { Cluster, ExtraArg } from "../inventory/cluster.ts";
import { kubernetesDir } from "./paths.ts";

/** Where the API server finds its audit policy. */
export const auditPolicyFile = `${kubernetesDir}/audit-policy.yaml`;

/** A path of the host that kube-apiserver is given. */
export interface AuditVolume {
  readonly name: string;
  readonly path: string;
  readonly type: "File" | "DirectoryOrCreate";
  readonly readOnly: boolean;
}

/** All arguments of kube-apiserver beside the defaults: those of auditing, then the inventory's. */
export function apiServerArguments({ audit, extraArgs }: Pick<Cluster, "audit" | "extraArgs">): readonly ExtraArg[] {
  if (audit === undefined) return extraArgs.apiServer;
  const own = {
    "audit-policy-file": auditPolicyFile,
    "audit-log-path": audit.logPath,
    "audit-log-maxage": audit.maxAgeDays,
    "audit-log-maxbackup": audit.maxBackups,
    "audit-log-maxsize": audit.maxSizeMegabytes,
  };
  return [...Object.entries(own).map(([name, value]) => ({ name, value: `${value}` })), ...extraArgs.apiServer];
}

/** The policy, and the directory of the log. */
export function auditVolumes({ audit }: Pick<Cluster, "audit">): readonly AuditVolume[] {
  return audit === undefined
    ? []
    : [
        { name: "audit-logs", path: dirname(audit.logPath), type: "DirectoryOrCreate", readOnly: false },
        { name: "audit-policy", path: auditPolicyFile, type: "File", readOnly: true },
      ];
}
