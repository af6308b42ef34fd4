/** Features by name: the module that brings each (its name too), and the switch in the kernel's configuration. */
export const kernelSwitches: Readonly<Record<string, string>> = {
  br_netfilter: "BRIDGE_NETFILTER",
  bridge: "BRIDGE",
  dummy: "DUMMY",
  ip_set: "IP_SET",
  ip_vs: "IP_VS",
  nf_conntrack: "NF_CONNTRACK",
  nf_tables: "NF_TABLES",
  openvswitch: "OPENVSWITCH",
  overlay: "OVERLAY_FS",
  tun: "TUN",
  veth: "VETH",
  vxlan: "VXLAN",
  wireguard: "WIREGUARD",
  xt_set: "NETFILTER_XT_SET",
};

/** Files that exist while a feature is there, loaded or built in. */
export const kernelTraces: Readonly<Record<string, string>> = {
  br_netfilter: "/proc/sys/net/bridge",
  ip_vs: "/proc/sys/net/ipv4/vs",
  nf_conntrack: "/proc/sys/net/netfilter",
  tun: "/sys/class/misc/tun",
};

export interface KernelEvidence {
  /** Names under /sys/module, traces found and file systems of /proc/filesystems: what is there now. */
  readonly present: ReadonlySet<string>;
  /** Lines of the kernel's configuration, such as `CONFIG_VXLAN=m`; empty when it cannot be read. */
  readonly config: readonly string[];
  /** Lines of modules.dep and modules.builtin of the running kernel that name a feature; undefined when there are no such files. */
  readonly modules: readonly string[] | undefined;
}

/** Which features the kernel has or can load. A feature about which nothing is known is left out. */
export function judgeKernel(evidence: KernelEvidence): Readonly<Record<string, boolean>> {
  const config = new Map(evidence.config.map((line) => line.split("=", 2) as [string, string]));
  const found: Record<string, boolean> = {};
  for (const [name, option] of Object.entries(kernelSwitches)) {
    const answer = judge(name, config.size === 0 ? undefined : (config.get(`CONFIG_${option}`) ?? "n"), evidence);
    if (answer !== undefined) found[name] = answer;
  }
  return found;
}

function judge(name: string, value: string | undefined, { present, modules }: KernelEvidence): boolean | undefined {
  if (present.has(name) || value === "y") return true;
  if (value === "n") return false;
  // A module has to be on disk to be loaded; depmod writes file names, in which a dash may stand for an underscore.
  return modules?.some((line) => line.includes(`/${name}.ko`) || line.includes(`/${name.replaceAll("_", "-")}.ko`));
}
