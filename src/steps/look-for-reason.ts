import type { ActionContext } from "../engine/contracts.ts";
import type { Inspect } from "../engine/wait.ts";
import type { ErrorCode } from "../errors/catalogue.ts";
import { signs } from "../errors/diagnoses.ts";
import { recognise } from "../errors/script-failed.ts";
import type { Live } from "../kubernetes/live.ts";
import { symptomsScript } from "../kubernetes/symptoms.ts";

/** What no waiting heals. The others come and go while things start, and count only once patience is over. */
const final: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "disk-full",
  "disk-read-only",
  "etcd-full",
  "etcd-damaged",
  "flag-unknown",
  "certificate-expired",
  "certificate-untrusted",
  "image-damaged",
  "containerd-cri",
  "containerd-failed",
  "kubelet-failed",
]);

/**
 * Looks on a host for the reason why what is waited for does not come, in what was said since the wait began: what was said before may be mended.
 * A host that cannot be asked gives none.
 */
export function lookForReason({ reach, signal }: ActionContext<Live>, host: string): Inspect {
  return async (what, waitedSeconds, isLast) => {
    const label = "look for the reason";
    const found = await reach(host)
      .run({ label, body: symptomsScript(waitedSeconds) }, { signal })
      .catch(() => undefined);
    if (found === undefined) return undefined;
    const script = { label, exitCode: found.exitCode, stderr: found.stdout.toString("utf8") };
    return recognise(
      `waited ${waitedSeconds} s in vain for ${what}`,
      script,
      isLast ? signs : signs.filter(({ code }) => final.has(code)),
    )?.at({ host });
  };
}
