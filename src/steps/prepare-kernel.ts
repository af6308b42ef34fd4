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
  ],
};
