import { stringify } from "yaml";

/**
 * YAML as Kubernetes' own programs write and read it (sigs.k8s.io/yaml): keys sorted, lists not indented, so that a diff with what kubeadm
 * wrote is short; version 1.1, in which yes and on have to be quoted to be text.
 */
export function writeYaml(value: unknown): string {
  return stringify(value, { sortMapEntries: true, indentSeq: false, lineWidth: 0, version: "1.1" });
}
