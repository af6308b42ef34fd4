import { parse } from "yaml";
import { readOwnFile } from "../own-files.ts";
import type { Settings } from "./merge.ts";
import { minorVersion } from "./versions.ts";

/**
 * KubeletConfiguration and KubeProxyConfiguration as kubeadm writes them for a cluster of its defaults (kubeadm/app/componentconfigs, v1.36), zero values included, which
 * Go writes since it writes a type whole. What kboot writes begins with these, so that its files and ConfigMaps are kubeadm's.
 */
export function kubeletDefaults(): Settings {
  return parseTemplate("kubelet-defaults.yaml");
}

/** The same of kube-proxy, whose mode depends on the version. */
export function kubeProxyDefaults(kubernetesVersion: string): Settings {
  return { ...parseTemplate("kube-proxy-defaults.yaml"), mode: minorVersion(kubernetesVersion).kubeProxyMode };
}

function parseTemplate(name: string): Settings {
  return parse(readOwnFile(`templates/kubeadm/${name}`)) as Settings;
}
