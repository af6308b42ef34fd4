import type { Draft } from "./draft.ts";
import type { Finding, Path } from "./problem.ts";

/** A field of a free-form part that kboot sets, and what the inventory has for it. */
export interface Owned {
  readonly path: readonly string[];
  readonly instead: string;
}

const kind = [
  { path: ["apiVersion"], instead: "kboot writes it" },
  { path: ["kind"], instead: "kboot writes it" },
] as const;

/** Of a KubeletConfiguration. */
export const ownedByKubelet: readonly Owned[] = [
  ...kind,
  { path: ["staticPodPath"], instead: "the control plane's pods are in /etc/kubernetes/manifests" },
  { path: ["clusterDNS"], instead: "it is the tenth address of networking.serviceSubnet" },
  { path: ["clusterDomain"], instead: "set networking.dnsDomain" },
  { path: ["authentication", "x509", "clientCAFile"], instead: "it is the cluster's CA" },
];

const kubeProxy: readonly Owned[] = [...kind, { path: ["clusterCIDR"], instead: "set networking.podSubnet" }];

const containerd: readonly Owned[] = [{ path: ["version"], instead: "kboot writes version 3" }];

const nodeArgs: Readonly<Record<string, string>> = {
  "node-ip": "set nodeAddress of the host",
  "hostname-override": "set nodeName of the host",
  "node-labels": "set labels of the host",
  "register-with-taints": "set taints of the host",
};

const kubeletFileArgs: Readonly<Record<string, string>> = {
  config: "set the fields of kubelet",
  kubeconfig: "kboot writes the file",
  "bootstrap-kubeconfig": "kboot writes the file",
};

/** Arguments by component, with what the inventory has for each. */
export const ownedArguments: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  apiServer: { "service-cluster-ip-range": "set networking.serviceSubnet", "secure-port": "set apiEndpoint.bindPort" },
  controllerManager: { "service-cluster-ip-range": "set networking.serviceSubnet", "cluster-cidr": "set networking.podSubnet" },
  kubelet: { ...nodeArgs, ...kubeletFileArgs },
};

/** Arguments of the API server that are kboot's where the inventory has `audit`. */
export const auditArgs: Readonly<Record<string, string>> = {
  "audit-policy-file": "set audit.policyFile",
  "audit-log-path": "set audit.logPath",
  "audit-log-maxage": "set audit.maxAgeDays",
  "audit-log-maxbackup": "set audit.maxBackups",
  "audit-log-maxsize": "set audit.maxSizeMegabytes",
};

/** Refuses what would contradict the rest of the cluster if it were set in a free-form part. */
export function ownedSettings({ spec, hosts }: Draft): readonly Finding[] {
  return [
    ...findOwned(spec.kubelet, ownedByKubelet, ["spec", "kubelet"]),
    ...findOwned(spec.kubeProxy, kubeProxy, ["spec", "kubeProxy"]),
    ...findOwned(spec.containerd, containerd, ["spec", "containerd"]),
    ...Object.entries(ownedArguments).flatMap(([component, owned]) =>
      findArgs((spec.extraArgs as Readonly<Record<string, Settings | undefined>> | undefined)?.[component], owned, [
        "spec",
        "extraArgs",
        component,
      ]),
    ),
    // without audit these are the user's own
    ...findArgs(spec.audit === undefined ? {} : spec.extraArgs?.apiServer, auditArgs, ["spec", "extraArgs", "apiServer"]),
    ...hosts.flatMap(({ index, host }) => [
      ...findOwned(host.kubelet, ownedByKubelet, ["spec", "hosts", index, "kubelet"]),
      // a kubelet that was there before has been told these by its owner, and keeps them
      ...findArgs(
        host.kubeletExtraArgs,
        (host.kubernetes ?? spec.kubernetes)?.from === "host" ? kubeletFileArgs : { ...nodeArgs, ...kubeletFileArgs },
        ["spec", "hosts", index, "kubeletExtraArgs"],
      ),
    ]),
  ];
}

type Settings = Readonly<Record<string, unknown>>;

function findOwned(settings: Settings | undefined, owned: readonly Owned[], base: Path): readonly Finding[] {
  return owned.flatMap(({ path, instead }) => {
    const found = touches(settings ?? {}, path);
    return found === undefined ? [] : [{ path: [...base, ...found], atKey: true, message: `must not be set here; ${instead}` }];
  });
}

/** The part of the path by which the settings replace what is at its end. */
function touches(settings: unknown, path: readonly string[]): readonly string[] | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return [];
  if (typeof settings !== "object" || settings === null || Array.isArray(settings)) return [];
  if (!Object.hasOwn(settings, key)) return undefined;
  const deeper = touches((settings as Settings)[key], rest);
  return deeper === undefined ? undefined : [key, ...deeper];
}

function findArgs(args: Settings | undefined, owned: Readonly<Record<string, string>>, base: Path): readonly Finding[] {
  return Object.keys(args ?? {}).flatMap((name) => {
    const instead = owned[name];
    return instead === undefined ? [] : [{ path: [...base, name], atKey: true, message: `must not be set here; ${instead}` }];
  });
}
