import type { Check, Site } from "../engine/contracts.ts";
import type { Facts } from "../host/facts.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { controlPlaneComponents } from "../kubernetes/control-plane-pods.ts";
import { judgeKubeletVersion } from "../kubernetes/kubelet-skew.ts";
import type { Live } from "../kubernetes/live.ts";
import { minorVersion } from "../kubernetes/versions.ts";

/** Judges the facts of each host that was reached. */
export function eachHost(site: Site<Live>, judge: (facts: Facts, host: string) => { message: string; hint: string } | undefined) {
  return [...site.facts].flatMap(([host, facts]) => {
    const problem = judge(facts, host);
    return problem === undefined ? [] : [{ host, ...problem }];
  });
}

/** A setting of the kubelet as this host has it. */
function kubeletSetting({ cluster }: Site<Live>, host: string, key: string): unknown {
  return cluster.hosts.find(({ name }) => name === host)?.kubelet[key] ?? cluster.kubelet[key];
}

/** Who listens where. The kernel keeps 15 characters of a command's name. */
const nodePorts: ReadonlyMap<number, string> = new Map([[10250, "kubelet"]]);

function controlPlanePorts(cluster: Cluster): ReadonlyMap<number, string> {
  const components = [...controlPlaneComponents(cluster)];
  return new Map([...nodePorts, [2380, "etcd"], ...components.map(([component, port]) => [port, component.slice(0, 15)] as const)]);
}

const mebibyte = 1024 * 1024;
const leastMemory = 1700;
const leastDisk = 2048;

/** CHANGELOG-1.35 of Kubernetes: failCgroupV1 is true by default. */
function refusesCgroupV1({ kubernetesVersion }: Cluster): boolean {
  return minorVersion(kubernetesVersion).minor >= 35;
}

/** Checks over the facts of single hosts that decide about success. Limits as kubeadm's preflight (v1.36) where it has one. */
export const hostChecks: readonly Check<Live>[] = [
  {
    name: "systemd",
    problems: (site) =>
      eachHost(site, (facts) =>
        facts.systemd
          ? undefined
          : { message: "the host does not run systemd", hint: "kboot keeps containerd and the kubelet as units of systemd" },
      ),
  },
  {
    name: "architecture",
    problems: (site) =>
      eachHost(site, ({ architecture }) =>
        ["amd64", "arm64"].includes(architecture)
          ? undefined
          : { message: `the architecture ${architecture} is not supported`, hint: "use a host with amd64 or arm64" },
      ),
  },
  {
    name: "swap",
    problems: (site) =>
      eachHost(site, ({ swapActive }, host) =>
        swapActive && kubeletSetting(site, host, "failSwapOn") !== false
          ? {
              message: "swap is on, and the kubelet refuses to start with it",
              hint: "`swapoff -a` and remove it from /etc/fstab, or set kubelet.failSwapOn: false in the inventory",
            }
          : undefined,
      ),
  },
  {
    name: "cgroup-v1",
    problems: (site) =>
      eachHost(site, ({ cgroupVersion }, host) =>
        cgroupVersion === 1 && kubeletSetting(site, host, "failCgroupV1") !== false && refusesCgroupV1(site.cluster)
          ? {
              message: "the host has cgroup v1, which the kubelet refuses since 1.35",
              hint: "boot with systemd.unified_cgroup_hierarchy=1, or set kubelet.failCgroupV1: false in the inventory",
            }
          : undefined,
      ),
  },
  {
    name: "memory",
    code: "out-of-memory",
    problems: (site) =>
      eachHost(site, ({ memoryBytes }, host) => {
        const isControlPlane = site.cluster.hosts.some((spec) => spec.name === host && spec.role === "control-plane");
        const found = Math.round(memoryBytes / mebibyte);
        return isControlPlane && found < leastMemory
          ? { message: `the host has ${found} MB of memory`, hint: `see \`free -m\` there: a control plane needs ${leastMemory} MB` }
          : undefined;
      }),
  },
  {
    name: "disk",
    code: "disk-full",
    problems: (site) =>
      eachHost(site, ({ diskFreeBytes, state }) => {
        const found = Math.round(diskFreeBytes / mebibyte);
        return state === undefined && found < leastDisk
          ? {
              message: `only ${found} MB are free under /var/lib`,
              hint: `see \`df -h /var/lib\` there: images and binaries need about ${leastDisk} MB`,
            }
          : undefined;
      }),
  },
  {
    name: "kernel-features",
    problems: (site) =>
      eachHost(site, ({ kernelFeatures }) => {
        const missing = ["overlay", "br_netfilter"].filter((name) => kernelFeatures[name] === false);
        return missing.length === 0
          ? undefined
          : {
              message: `the kernel lacks ${missing.join(" and ")}`,
              hint: "install the distribution's full kernel package: minimal cloud kernels leave such modules out",
            };
      }),
  },
  {
    name: "ports",
    code: "port-taken",
    problems: (site) =>
      eachHost(site, ({ listening }, host) => {
        const role = site.cluster.hosts.find(({ name }) => name === host)?.role;
        const needed = role === "control-plane" ? controlPlanePorts(site.cluster) : nodePorts;
        const taken = listening.filter(({ port, command }) => needed.has(port) && command !== "" && needed.get(port) !== command);
        return taken.length === 0
          ? undefined
          : {
              message: taken.map(({ port, command }) => `port ${port}, which ${needed.get(port)} needs, is used by ${command}`).join("; "),
              hint: "see `ss -ltnp` there: stop what uses it, or give it another port",
            };
      }),
  },
  {
    name: "kubelet-version",
    code: "kubelet-version",
    problems: (site) =>
      eachHost(site, ({ kubernetes: { kubeletVersion } }, host) => {
        const { kubernetesVersion, hosts } = site.cluster;
        if (hosts.find(({ name }) => name === host)?.kubernetes.from !== "host") return undefined;
        const packages = "its packages are their owner's, since kubernetes.from is host";
        if (kubeletVersion === undefined) {
          return { message: `the host has no kubelet, and ${packages}`, hint: `install the package kubelet of ${kubernetesVersion} there` };
        }
        const message = judgeKubeletVersion(kubeletVersion, kubernetesVersion);
        return message === undefined
          ? undefined
          : { message, hint: `install the package kubelet of ${kubernetesVersion} there: ${packages}` };
      }),
  },
  {
    name: "nameserver",
    problems: (site) =>
      eachHost(site, ({ nameservers, resolvedActive }) =>
        nameservers.length > 0 || resolvedActive
          ? undefined
          : {
              message: "/etc/resolv.conf names no nameserver, and CoreDNS does not start without one",
              hint: "name any resolver in /etc/resolv.conf, for instance the router's address",
            },
      ),
  },
];
