import { matching, withPattern } from "./judge.ts";

/** What pod networks and kube-proxy ask of the kernel, by key; the bridge keys exist once br_netfilter is loaded. */
export const networkSysctls: Readonly<Record<string, string>> = {
  "net.ipv4.ip_forward": "1",
  "net.bridge.bridge-nf-call-iptables": "1",
  "net.bridge.bridge-nf-call-ip6tables": "1",
};

/** What the kubelet sets by itself at each start (pkg/kubelet/cm/container_manager_linux.go, setupKernelTunables). */
export const kubeletSysctls: Readonly<Record<string, string>> = {
  "vm.overcommit_memory": "1",
  "kernel.panic": "10",
  "kernel.panic_on_oops": "1",
  "kernel.keys.root_maxkeys": "1000000",
  "kernel.keys.root_maxbytes": "25000000",
};

const keyLike = /^[a-z0-9_-]+(\.[A-Za-z0-9_-]+)+$/;

/** Key of a kernel setting that an inventory may set. */
export const judgeSysctl = withPattern(keyLike, (key) => {
  if (!keyLike.test(key)) return `${JSON.stringify(key)} is no name of a kernel setting; write it with dots, like vm.max_map_count`;
  if (key in networkSysctls) return `must not be set here; pods reach nothing unless it is ${networkSysctls[key]}`;
  return key in kubeletSysctls ? "must not be set here; the kubelet sets it at each start" : undefined;
});

/** Value of a kernel setting as text: numbers with single blanks between them, or a word. */
export const judgeSysctlValue = matching(
  /^[!-~]+( [!-~]+)*$/,
  (value) => `${JSON.stringify(value)} is no value of a kernel setting; write one line`,
);
