import type { Check, Site } from "../engine/contracts.ts";
import type { Facts } from "../host/facts.ts";
import type { Live } from "../kubernetes/live.ts";

function eachHost(site: Site<Live>, judge: (facts: Facts, host: string) => { message: string; hint: string } | undefined) {
  return [...site.facts].flatMap(([host, facts]) => {
    const problem = judge(facts, host);
    return problem === undefined ? [] : [{ host, ...problem }];
  });
}

const mebibyte = 1024 * 1024;
const leastMemory = 1700;
const leastDisk = 2048;

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
      eachHost(site, ({ swapActive }) =>
        swapActive && site.cluster.kubelet["failSwapOn"] !== false
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
      eachHost(site, ({ cgroupVersion }) =>
        cgroupVersion === 1 && site.cluster.kubelet["failCgroupV1"] !== false
          ? {
              message: "the host has cgroup v1, which the kubelet refuses since 1.35",
              hint: "boot with systemd.unified_cgroup_hierarchy=1, or set kubelet.failCgroupV1: false in the inventory",
            }
          : undefined,
      ),
  },
  {
    name: "memory",
    problems: (site) =>
      eachHost(site, ({ memoryBytes }, host) => {
        const isControlPlane = site.cluster.hosts.some((spec) => spec.name === host && spec.role === "control-plane");
        const found = Math.round(memoryBytes / mebibyte);
        return isControlPlane && found < leastMemory
          ? { message: `the host has ${found} MB of memory`, hint: `a control plane needs ${leastMemory} MB` }
          : undefined;
      }),
  },
  {
    name: "disk",
    problems: (site) =>
      eachHost(site, ({ diskFreeBytes, state }) => {
        const found = Math.round(diskFreeBytes / mebibyte);
        return state === undefined && found < leastDisk
          ? { message: `only ${found} MB are free under /var/lib`, hint: `images and binaries need about ${leastDisk} MB` }
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
