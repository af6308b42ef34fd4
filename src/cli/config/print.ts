import { KbootError } from "../../errors.ts";
import { kubeletDefaults, kubeProxyDefaults } from "../../kubernetes/component-defaults.ts";
import { initWithDefaults, joinWithDefaults, resetWithDefaults, upgradeWithDefaults } from "../../kubernetes/kubeadm-documents/defaults.ts";
import { printKubeadmDocuments } from "../../kubernetes/kubeadm-documents/print.ts";
import { writeYaml } from "../../render/go-yaml.ts";
import { Secret } from "../../secret.ts";
import { suggest } from "../../suggest.ts";
import { localValues } from "../local-values.ts";
import { resolveVersion } from "./resolve-version.ts";

/** A token that is none, as kubeadm prints it. */
const placeholder = new Secret("abcdef.0123456789abcdef");

/** Defaults of the components, by their kind, as kubeadm prints them for a version. */
const components: Readonly<Record<string, (version: string) => string>> = {
  KubeProxyConfiguration: (version) => writeYaml(kubeProxyDefaults(version)),
  KubeletConfiguration: () => writeYaml(kubeletDefaults()),
};

/** `kboot config print init-defaults` */
export async function printInitDefaults(given: Record<string, unknown>): Promise<void> {
  const { componentConfigs = "", kubernetesVersion } = given as { componentConfigs?: string; kubernetesVersion: string };
  const kinds = componentConfigs.split(",").filter((kind) => kind !== "");
  const unknown = kinds.find((kind) => !Object.hasOwn(components, kind));
  if (unknown !== undefined) {
    throw new KbootError("usage", `--component-configs: ${unknown} is not known`, { hint: suggest(unknown, Object.keys(components)) });
  }
  const version = resolveVersion(kubernetesVersion);
  const local = { ...localValues(), nodeName: "node", advertiseAddress: () => "1.2.3.4", token: placeholder, kubernetesVersion: version };
  const own = printKubeadmDocuments(initWithDefaults({}, {}, local)).reveal();
  const others = Object.keys(components)
    .filter((kind) => kinds.includes(kind))
    .map((kind) => components[kind]?.(version) ?? "");
  process.stdout.write([own, ...others].join("---\n"));
}

/** `kboot config print join-defaults` */
export async function printJoinDefaults(): Promise<void> {
  const bootstrapToken = { token: placeholder, apiServerEndpoint: "kube-apiserver:6443", unsafeSkipCAVerification: true };
  const document = joinWithDefaults({ discovery: { bootstrapToken } }, localValues());
  process.stdout.write(printKubeadmDocuments({ JoinConfiguration: document }).reveal());
}

/** `kboot config print reset-defaults` */
export async function printResetDefaults(): Promise<void> {
  process.stdout.write(printKubeadmDocuments({ ResetConfiguration: resetWithDefaults() }).reveal());
}

/** `kboot config print upgrade-defaults` */
export async function printUpgradeDefaults(): Promise<void> {
  process.stdout.write(printKubeadmDocuments({ UpgradeConfiguration: upgradeWithDefaults() }).reveal());
}
