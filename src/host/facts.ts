import type { Secret } from "../secret.ts";

export interface HostAddress {
  readonly device: string;
  /** Without prefix length: `192.168.56.11`. */
  readonly address: string;
  readonly prefixLength: number;
  readonly family: "inet" | "inet6";
}

export interface HostRoute {
  /** `default` or a CIDR. */
  readonly destination: string;
  readonly device: string;
  readonly gateway?: string;
  readonly source?: string;
}

/** What one probe script reads of a host. Everything is as the host says, nothing is judged. */
export interface Facts {
  readonly hostname: string;
  readonly os: { readonly id: string; readonly versionId: string; readonly name: string };
  /** As artifacts name it: `amd64`, `arm64`. Anything else as `uname -m` says. */
  readonly architecture: string;
  readonly kernel: string;
  readonly cgroupVersion: 1 | 2;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Free bytes on the file system that holds /var/lib. */
  readonly diskFreeBytes: number;
  readonly swapActive: boolean;
  /** Seconds since the epoch on the host, and between which two moments the host was asked, by the orchestrator's clock. */
  readonly clock: { readonly hostSeconds: number; readonly askedAt: Date; readonly readAt: Date };
  readonly machineId: string;
  readonly productUuid: string;
  readonly addresses: readonly HostAddress[];
  readonly routes: readonly HostRoute[];
  /** Kernel features by name, asked of the kernel itself (never of lsmod): `overlay`, `br_netfilter`, `vxlan`... */
  readonly kernelFeatures: Readonly<Record<string, boolean>>;
  readonly systemd: boolean;
  readonly resolvedActive: boolean;
  /** Nameservers of /etc/resolv.conf. */
  readonly nameservers: readonly string[];
  readonly packageManager: "apt" | "dnf" | "zypper" | "apk" | "unknown";
  /** Packages that were asked for, by name: the version that is installed, else the one that the package manager would install. */
  readonly packages: Readonly<Record<string, { readonly installed?: string; readonly candidate?: string }>>;
  /** Commands found in PATH, by name. */
  readonly commands: Readonly<Record<string, boolean>>;
  /** Directories that the control plane mounts if they exist. */
  readonly directories: readonly string[];
  /** TCP ports something listens on, with the command's name where it is known. */
  readonly listening: readonly { readonly port: number; readonly command: string }[];
  /** Those of the URLs it was asked about that answer it. */
  readonly reaches: readonly string[];
  /**
   * Tables of the packet filter that drop what is forwarded unless a rule takes it: of nftables as `ip filter` (iptables' own)
   * or `inet NAME`, IPv4 alone, and `legacy` for iptables' old back end. Empty also where no tool can tell.
   */
  readonly forwardDrops: readonly string[];
  /** Contents of /var/lib/kboot/state.json, undefined when there is none. */
  readonly state: string | undefined;
  readonly kubernetes: {
    /** PEM of ca.crt where certificates are. */
    readonly caCert: string | undefined;
    readonly caKey: Secret | undefined;
    /** Kubeconfigs of administrators, super-admin.conf first. They are read only where there is no key of the CA. */
    readonly administrators: readonly Secret[];
    /**
     * PEM of the certificate by which the kubelet shows who it is. Undefined while it has none with its key, or a bootstrap file is left: it has
     * not joined a cluster.
     */
    readonly kubeletCertificate: string | undefined;
    /** `1.36.3`: what the host's own kubelet says, where it was asked; undefined as well when there is none. */
    readonly kubeletVersion: string | undefined;
    /** Static pods of /etc/kubernetes/manifests, by the file's name without its ending. */
    readonly manifests: Readonly<Record<string, string>>;
  };
}
