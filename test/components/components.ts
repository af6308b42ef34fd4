/** A program of a component made from Go: a main package, its version, and the name of the executable. */
export type GoProgram = { readonly package: string; readonly version: string; readonly executable: string };

/** How a component is made. A recipe holds everything that decides its bytes, and is the key of the cache. */
export type Recipe =
  | { readonly kind: "kubernetes"; readonly version: string; readonly programs: readonly string[] }
  | { readonly kind: "pause"; readonly version: string; readonly kubernetes: string }
  | {
      readonly kind: "go";
      readonly programs: readonly GoProgram[];
      readonly tags?: readonly string[];
      /** Variables set by the linker: `import/path.Name` to value. */
      readonly variables?: Readonly<Record<string, string>>;
      /** With a C compiler, linked statically; without it Go alone. */
      readonly cgo?: boolean;
    }
  | { readonly kind: "debian"; readonly suite: string; readonly packages: readonly string[] };

export type Component<R extends Recipe = Recipe> = { readonly name: string; readonly version: string; readonly recipe: R };

/** The versions that a release of Kubernetes goes with, as kubeadm's constants have them (cmd/kubeadm/app/constants/constants.go). */
export type KubernetesRelease = { readonly etcd: string; readonly etcdImage: string; readonly coreDns: string; readonly pause: string };

const releases: Readonly<Record<string, KubernetesRelease>> = {
  "1.36": { etcd: "3.6.8", etcdImage: "3.6.8-0", coreDns: "1.14.2", pause: "3.10.2" },
  "1.37": { etcd: "3.7.0", etcdImage: "3.7.0-0", coreDns: "1.14.6", pause: "3.10.2" },
};

/** Versions that do not follow Kubernetes'. */
export const versions = {
  containerd: "2.2.9",
  runc: "1.3.3",
  cniPlugins: "1.9.1",
  flannel: "0.26.7",
  flannelCniPlugin: "1.6.2-flannel1",
  busybox: "1.37",
} as const;

/** The versions that go with `kubernetes` ("1.36.3"). Throws for a minor release that is not in the table. */
export function releaseOf(kubernetes: string): KubernetesRelease {
  const minor = kubernetes.split(".").slice(0, 2).join(".");
  const release = releases[minor];
  if (!release || !/^\d+\.\d+\.\d+$/.test(kubernetes)) {
    throw new Error(`Kubernetes ${kubernetes} is not known here; known are the releases of ${Object.keys(releases).join(", ")}`);
  }
  return release;
}

export const kubernetesPrograms = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kube-proxy",
  "kubelet",
  "kubeadm",
  "kubectl",
];

const cniPackages = {
  main: ["bridge", "dummy", "host-device", "ipvlan", "loopback", "macvlan", "ptp", "tap", "vlan"],
  ipam: ["dhcp", "host-local", "static"],
  meta: ["bandwidth", "firewall", "portmap", "sbr", "tuning", "vrf"],
};

/** Names of the CNI plugins, sorted, as upstream's archive holds them. */
export const cniPlugins = Object.values(cniPackages).flat().sort();

function goProgram(packagePath: string, version: string, executable = packagePath.split("/").at(-1) ?? packagePath): GoProgram {
  return { package: packagePath, version: `v${version}`, executable };
}

/** Everything that is built for `kubernetes`, the slowest first. */
export function componentsFor(kubernetes: string) {
  const release = releaseOf(kubernetes);
  return {
    kubernetes: {
      name: "kubernetes",
      version: kubernetes,
      recipe: { kind: "kubernetes", version: kubernetes, programs: kubernetesPrograms },
    },
    coreDns: {
      name: "coredns",
      version: release.coreDns,
      recipe: { kind: "go", programs: [goProgram("github.com/coredns/coredns", release.coreDns)] },
    },
    containerd: {
      name: "containerd",
      version: versions.containerd,
      recipe: {
        kind: "go",
        programs: ["containerd", "containerd-shim-runc-v2", "ctr"].map((name) =>
          goProgram(`github.com/containerd/containerd/v2/cmd/${name}`, versions.containerd),
        ),
        tags: ["no_btrfs", "no_zfs", "no_devmapper"],
        variables: { "github.com/containerd/containerd/v2/version.Version": `v${versions.containerd}` },
      },
    },
    flannel: {
      name: "flannel",
      version: versions.flannel,
      recipe: {
        kind: "go",
        programs: [goProgram("github.com/flannel-io/flannel", versions.flannel, "flanneld")],
        variables: { "github.com/flannel-io/flannel/pkg/version.Version": `v${versions.flannel}` },
        cgo: true,
      },
    },
    etcd: {
      name: "etcd",
      version: release.etcd,
      recipe: {
        kind: "go",
        programs: [
          goProgram("go.etcd.io/etcd/server/v3", release.etcd, "etcd"),
          goProgram("go.etcd.io/etcd/etcdctl/v3", release.etcd, "etcdctl"),
          goProgram("go.etcd.io/etcd/etcdutl/v3", release.etcd, "etcdutl"),
        ],
      },
    },
    runc: {
      name: "runc",
      version: versions.runc,
      recipe: {
        kind: "go",
        programs: [goProgram("github.com/opencontainers/runc", versions.runc)],
        tags: ["seccomp", "netgo", "osusergo"],
        cgo: true,
      },
    },
    cniPlugins: {
      name: "cni-plugins",
      version: versions.cniPlugins,
      recipe: {
        kind: "go",
        programs: Object.entries(cniPackages).flatMap(([group, names]) =>
          names.map((name) => goProgram(`github.com/containernetworking/plugins/plugins/${group}/${name}`, versions.cniPlugins)),
        ),
        variables: { "github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion": `v${versions.cniPlugins}` },
      },
    },
    // Flannel's plugin lived among the CNI plugins until v0.9.1; that one is had as a Go module, its own repository's are not.
    flannelCniPlugin: {
      name: "flannel-cni-plugin",
      version: versions.flannelCniPlugin,
      recipe: { kind: "go", programs: [goProgram("github.com/containernetworking/plugins/plugins/meta/flannel", "0.9.1")] },
    },
    pause: { name: "pause", version: release.pause, recipe: { kind: "pause", version: release.pause, kubernetes } },
    // The suite is that of the test hosts: rules written in a pod are then read by the same iptables outside of it.
    tools: {
      name: "tools",
      version: "trixie",
      recipe: {
        kind: "debian",
        suite: "trixie",
        packages: ["busybox-static", "conntrack", "ipset", "iproute2", "iptables", "kmod", "libc6", "nftables", "procps"],
      },
    },
  } satisfies Record<string, Component>;
}

/** Names of the components of a bundle. */
export type ComponentName = keyof ReturnType<typeof componentsFor>;
