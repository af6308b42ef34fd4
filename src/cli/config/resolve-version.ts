import { KbootError } from "../../errors.ts";
import { newestKubernetes, supportedMinors, versionOfLabel } from "../../kubernetes/versions.ts";

/**
 * The version, without v, that a version or a label stands for: `v1.36.3`, `stable-1.36`, `stable`. Labels are not looked up anywhere:
 * they name the newest that kboot has been made for. Throws KbootError `usage` for other labels.
 */
export function resolveVersion(text: string): string {
  const found = /^v?\d+\.\d+\.\d+/.test(text) ? text.replace(/^v/, "") : versionOfLabel(text);
  if (found !== undefined) return found;
  throw new KbootError("usage", `${text} names no version of Kubernetes that kboot knows`, {
    hint: `write a version such as ${newestKubernetes}, or stable-1 and a minor of ${supportedMinors.join(", ")}`,
  });
}
