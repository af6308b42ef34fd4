import { KbootError } from "../errors.ts";

/** What differs between minor versions of Kubernetes, as kubeadm of that minor has it. */
export interface MinorVersion {
  readonly minor: number;
  /** The newest patch that is known here. */
  readonly newest: string;
  /** Image tags. */
  readonly pause: string;
  readonly etcd: string;
  readonly coreDns: string;
  /** The kubelet is told the pause image by a flag. */
  readonly podInfraContainerImageFlag: boolean;
  /** kube-controller-manager mounts the directory of flexvolume plugins. */
  readonly flexVolumeMount: boolean;
  /** What is written as KubeProxyConfiguration.mode; empty means iptables. */
  readonly kubeProxyMode: "" | "iptables";
}

// tags: cmd/kubeadm/app/constants/constants.go of `newest` (etcd: DefaultEtcdVersion, coreDns: CoreDNSVersion)
// podInfraContainerImageFlag: phases/kubelet/flags.go, gone in 1.35 since the kubelet refuses the flag
// flexVolumeMount: phases/controlplane/volumes.go, gone in 1.36
// kubeProxyMode: componentconfigs/kubeproxy.go, written since 1.37
const minors: readonly MinorVersion[] = [
  {
    minor: 34,
    newest: "1.34.4",
    pause: "3.10.1",
    etcd: "3.6.5-0",
    coreDns: "v1.12.1",
    podInfraContainerImageFlag: true,
    flexVolumeMount: true,
    kubeProxyMode: "",
  },
  {
    minor: 35,
    newest: "1.35.4",
    pause: "3.10.1",
    etcd: "3.6.6-0",
    coreDns: "v1.13.1",
    podInfraContainerImageFlag: false,
    flexVolumeMount: true,
    kubeProxyMode: "",
  },
  {
    minor: 36,
    newest: "1.36.3",
    pause: "3.10.2",
    etcd: "3.6.8-0",
    coreDns: "v1.14.2",
    podInfraContainerImageFlag: false,
    flexVolumeMount: false,
    kubeProxyMode: "",
  },
  {
    minor: 37,
    newest: "1.37.2",
    pause: "3.10.2",
    etcd: "3.7.0-0",
    coreDns: "v1.14.6",
    podInfraContainerImageFlag: false,
    flexVolumeMount: false,
    kubeProxyMode: "iptables",
  },
];

/** Versions of what kboot brings to a host beside Kubernetes itself, without v. */
export const hostVersions = { containerd: "2.2.9", runc: "1.3.3", cniPlugins: "1.9.1" } as const;

/**
 * The oldest containerd from a package: 1.7 is the oldest that is still maintained when these minors are. It cannot say its cgroup driver
 * over CRI, so the kubelet takes that of its own configuration, up to and with 1.37 (KEP-4033).
 */
export const leastContainerd = "1.7";

/** The minors kboot knows, as `1.34`, oldest first. */
export const supportedMinors: readonly string[] = minors.map(({ minor }) => `1.${minor}`);

/** The newest of all. */
export const newestKubernetes = minors.at(-1)?.newest ?? "";

/** `1.37.2` for `stable-1` and the like, `1.36.3` for `stable-1.36`, as far as is known here; undefined for what is no such name. */
export function versionOfLabel(label: string): string | undefined {
  const minor = /^(?:stable|latest)(?:-1(?:\.(\d+))?)?$/.exec(label);
  if (minor === null) return undefined;
  return minor[1] === undefined ? minors.at(-1)?.newest : minors.find((row) => String(row.minor) === minor[1])?.newest;
}

/** The row of the table for a version such as `1.36.3`. Throws KbootError `inventory` for a minor kboot does not know. */
export function minorVersion(kubernetesVersion: string): MinorVersion {
  const found = minors.find(({ minor }) => kubernetesVersion.startsWith(`1.${minor}.`));
  if (found !== undefined) return found;
  throw new KbootError("inventory", `Kubernetes ${kubernetesVersion} is not supported`, {
    where: { field: "kubernetesVersion" },
    hint: `choose a version of ${supportedMinors.join(", ")}`,
  });
}
