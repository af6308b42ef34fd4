import type { Secret } from "../secret.ts";
import type { MaxUnavailable } from "./max-unavailable.ts";
import type { PatchTarget, PatchType } from "./patches.ts";

/** One name and value of a component's command line; a name may repeat. */
export interface ExtraArg {
  readonly name: string;
  readonly value: string;
}

export interface Taint {
  readonly key: string;
  readonly value?: string | undefined;
  readonly effect: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
}

/** A change to an object that kboot renders, made after it is rendered. */
export interface Patch {
  /** What messages call it; of one that was read from a directory the file's name. */
  readonly name: string | undefined;
  readonly target: PatchTarget;
  readonly type: PatchType;
  /** A map; with type `json` a list of operations. */
  readonly patch: Readonly<Record<string, unknown>> | readonly unknown[];
}

export type Role = "control-plane" | "worker";

export interface SshSettings {
  readonly user: string;
  readonly port: number;
  /** Absolute paths of private keys. Empty: the agent and the usual files. */
  readonly identityFiles: readonly string[];
  /** Absolute path of the known_hosts file. */
  readonly knownHostsFile: string;
  readonly connectTimeoutSeconds: number;
}

/**
 * Where a host's containerd comes from: the artifact sources, or a package of its distribution. `host`: it is there with its
 * configuration and the CNI plugins, and is its owner's.
 */
export type ContainerRuntime = { readonly from: "sources" | "host" } | { readonly from: "package"; readonly package: string };

/** Where a host's kubelet and kubectl come from. `host`: they are there with the unit and its drop-in, as kubeadm's packages have them. */
export interface KubernetesPrograms {
  readonly from: "sources" | "host";
}

export interface ClusterHost {
  readonly name: string;
  /** `ssh` or, for the machine kboot runs on, `local`. */
  readonly transport: "ssh" | "local";
  /** What SSH connects to: IPv4 address or name; `127.0.0.1` with transport local, unless the inventory has another. */
  readonly address: string;
  /** The node's address if the inventory fixes it; else it is chosen from the facts. */
  readonly nodeAddress: string | undefined;
  /** What Kubernetes calls it; lower case. */
  readonly nodeName: string;
  readonly role: Role;
  readonly labels: Readonly<Record<string, string>>;
  /** A control plane has kubeadm's taint unless the inventory lists others, or none. */
  readonly taints: readonly Taint[];
  readonly ssh: SshSettings;
  readonly containerRuntime: ContainerRuntime;
  readonly kubernetes: KubernetesPrograms;
  /** Over the cluster-wide settings. */
  readonly kubelet: Readonly<Record<string, unknown>>;
  readonly kubeletExtraArgs: readonly ExtraArg[];
  /** After those of the cluster. */
  readonly patches: readonly Patch[];
}

/** Names of the packages that a host shall have. */
export function packagesOf({ containerRuntime }: ClusterHost): readonly string[] {
  return containerRuntime.from === "package" ? [containerRuntime.package] : [];
}

export type ArtifactSource =
  | { readonly kind: "bundle" /** Absolute path of a directory. */; readonly path: string }
  | { readonly kind: "mirror" /** Below which the files of a bundle are. */; readonly url: string }
  | {
      readonly kind: "registry" /** `host:port/prefix`, port and prefix where there are such. */;
      readonly address: string;
      readonly insecure: boolean;
    }
  | { readonly kind: "upstream" };

export interface FlannelNetwork {
  readonly plugin: "flannel";
  readonly version: string;
  readonly registry: string;
  readonly backend: "vxlan" | "host-gw";
}

/** Weave Net; what a field stands for in its manifest is in docs/inventory.md. Listeners are `ADDRESS:PORT`. */
export interface WeaveNetwork {
  readonly plugin: "weave-net";
  readonly version: string;
  readonly registry: string;
  /** Undefined: what fits an underlay of 1500 bytes. */
  readonly mtu: number | undefined;
  readonly encryption: boolean;
  /** Absolute path. */
  readonly passwordFile: string | undefined;
  /** What `passwordFile` holds; without one a password is made in the cluster. */
  readonly password: Secret | undefined;
  readonly trustedSubnets: readonly string[];
  readonly networkPolicy: boolean;
  /** Undefined: where the kernel of every node can. */
  readonly fastDatapath: boolean | undefined;
  readonly hairpinMode: boolean;
  readonly noMasqLocal: boolean;
  readonly connectionLimit: number;
  /** Undefined: as many peers agree as there are nodes. */
  readonly ipallocInit: string | undefined;
  /** Empty: the nodes, as the API has them. */
  readonly peers: readonly string[];
  readonly exposeAddress: string | undefined;
  readonly httpAddress: string;
  /** Undefined: port 6782 of the node's own address. */
  readonly metricsAddress: string | undefined;
  readonly statusAddress: string | undefined;
  readonly iptablesBackend: "nft" | "legacy";
  readonly checkForUpdates: boolean;
  readonly debug: boolean;
  readonly extraArgs: readonly ExtraArg[];
  readonly policyExtraArgs: readonly ExtraArg[];
}

export type Network = FlannelNetwork | WeaveNetwork | { readonly plugin: "none" };

/** What the API server writes about requests. */
export interface Audit {
  /** Absolute path on the operator's machine. */
  readonly policyFile: string;
  /** What `policyFile` holds. */
  readonly policy: string;
  readonly logPath: string;
  readonly maxAgeDays: number;
  readonly maxBackups: number;
  readonly maxSizeMegabytes: number;
}

/** Where kube-apiserver listens unless an inventory says otherwise (kubeadm/app/apis/kubeadm/v1beta4/defaults.go, v1.36). */
export const usualBindPort = 6443;

/** Where kubeadm keeps certificates and keys on a control plane (kubeadm/app/constants, v1.36). */
export const usualCertificatesDir = "/etc/kubernetes/pki";

/** The inventory, validated and with every default filled in. Computed purely from the file. */
export interface Cluster {
  /** Also the context name in kubeconfigs. */
  readonly name: string;
  /** Absolute path of the file it came from. */
  readonly file: string;
  /** `1.36.3`, without v. */
  readonly kubernetesVersion: string;
  readonly endpoint: {
    /** Name or address. */ readonly host: string;
    readonly port: number /** True when kboot keeps the name in /etc/hosts of every node. */;
    readonly managed: boolean;
  };
  /** The port of each kube-apiserver on its own node; the endpoint's port may be that of a load balancer. */
  readonly bindPort: number;
  readonly certSANs: readonly string[];
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  readonly dnsDomain: string;
  readonly imageRepository: string;
  readonly encryptionAlgorithm: "RSA-2048" | "RSA-3072" | "RSA-4096" | "ECDSA-P256" | "ECDSA-P384";
  /** Absolute path of the directory that holds certificates and keys on a control plane, and the CA's certificate on a worker. */
  readonly certificatesDir: string;
  readonly certificateValidityDays: number;
  readonly caCertificateValidityDays: number;
  readonly hosts: readonly ClusterHost[];
  /** Free-form, merged over kboot's KubeletConfiguration, KubeProxyConfiguration and containerd configuration (version 3). */
  readonly kubelet: Readonly<Record<string, unknown>>;
  readonly kubeProxy: Readonly<Record<string, unknown>>;
  readonly containerd: Readonly<Record<string, unknown>>;
  readonly extraArgs: {
    readonly apiServer: readonly ExtraArg[];
    readonly controllerManager: readonly ExtraArg[];
    readonly scheduler: readonly ExtraArg[];
    readonly etcd: readonly ExtraArg[];
    readonly kubelet: readonly ExtraArg[];
  };
  /** In the order in which they are applied; each to its target on every host that has that. */
  readonly patches: readonly Patch[];
  /** Kernel settings of every host beside kboot's own, by key. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** Undefined: the API server writes no audit log. */
  readonly audit: Audit | undefined;
  readonly network: Network;
  readonly sources: readonly ArtifactSource[];
  /** At most so many workers are interrupted at a time. */
  readonly maxUnavailable: MaxUnavailable;
  /** Names of checks whose failure is only reported. */
  readonly ignoreChecks: readonly string[];
}
