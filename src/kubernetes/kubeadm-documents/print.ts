import { writeYaml } from "../../render/go-yaml.ts";
import { Secret } from "../../secret.ts";
import { kubeadmVersion } from "./parse.ts";

/** Fields that Go leaves out when they are false; those of UpgradeConfiguration may be false on purpose. */
const plainFlags = new Set(["cleanupTmpDir", "disabled", "dryRun", "force", "readOnly", "unsafeSkipCAVerification"]);

/** Documents as kubeadm prints them: kinds in the order given, fields by name. It holds the tokens and keys. */
export function printKubeadmDocuments(documents: Readonly<Record<string, object>>): Secret {
  return new Secret(
    Object.entries(documents)
      .map(([kind, values]) =>
        writeYaml({ apiVersion: kubeadmVersion, kind, ...(plain(values, kind !== "UpgradeConfiguration") as object) }),
      )
      .join("---\n"),
  );
}

function plain(value: unknown, dropsFlags: boolean): unknown {
  if (value instanceof Secret) return value.reveal();
  if (Array.isArray(value)) return value.map((item) => plain(item, dropsFlags));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      const isLeftOut =
        inner === undefined ||
        (inner === false && dropsFlags && plainFlags.has(key)) ||
        (Array.isArray(inner) && inner.length === 0 && key !== "taints");
      return isLeftOut ? [] : [[key, plain(inner, dropsFlags)]];
    }),
  );
}
