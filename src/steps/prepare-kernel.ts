import type { Step } from "../engine/contracts.ts";
import type { Live } from "../kubernetes/live.ts";
import { cloudInitDone } from "../resources/cloud-init.ts";
import { file } from "../resources/file.ts";
import { kernelModule } from "../resources/kernel-module.ts";
import { sysctl } from "../resources/sysctl.ts";
import { everyHost } from "./where.ts";

const modules = ["overlay", "br_netfilter"];

/** What pod networks and kube-proxy ask of the kernel; the bridge keys exist once br_netfilter is loaded. */
const settings = ["net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables"];

/**
 * What the kubelet sets by itself at each start (pkg/kubelet/cm/container_manager_linux.go, setupKernelTunables): set before it, so that it is on
 * record what was there.
 */
const kubeletSettings = {
  "vm.overcommit_memory": "1",
  "kernel.panic": "10",
  "kernel.panic_on_oops": "1",
  "kernel.keys.root_maxkeys": "1000000",
  "kernel.keys.root_maxbytes": "25000000",
};

/** Loads kernel modules and sets sysctls, now and after a reboot. As the first step of each host it lets cloud-init end before. */
export const prepareKernel: Step<Live> = {
  id: "kernel",
  title: "Prepare the kernel",
  on: everyHost,
  after: [],
  resources: () => [
    cloudInitDone,
    file("/etc/modules-load.d/kboot.conf", `${modules.join("\n")}\n`),
    file("/etc/sysctl.d/99-kboot.conf", settings.map((key) => `${key} = 1\n`).join("")),
    ...modules.map(kernelModule),
    ...settings.map((key) => sysctl(key, "1")),
    ...Object.entries(kubeletSettings).map(([key, value]) => sysctl(key, value)),
  ],
};
