import type { Step } from "../engine/contracts.ts";
import { kubeletSysctls, networkSysctls } from "../inventory/sysctls.ts";
import type { Live } from "../kubernetes/live.ts";
import { cloudInitDone } from "../resources/cloud-init.ts";
import { file } from "../resources/file.ts";
import { kernelModule } from "../resources/kernel-module.ts";
import { sysctl } from "../resources/sysctl.ts";
import { everyHost } from "./where.ts";

const modules = ["overlay", "br_netfilter"];

/** Loads kernel modules and sets sysctls, now and after a reboot. As the first step of each host it lets cloud-init end before. */
export const prepareKernel: Step<Live> = {
  id: "kernel",
  title: "Prepare the kernel",
  on: everyHost,
  after: [],
  resources({ cluster }) {
    const lasting = { ...networkSysctls, ...cluster.sysctls };
    return [
      cloudInitDone,
      file("/etc/modules-load.d/kboot.conf", `${modules.join("\n")}\n`),
      file(
        "/etc/sysctl.d/99-kboot.conf",
        Object.entries(lasting)
          .map(([key, value]) => `${key} = ${value}\n`)
          .join(""),
      ),
      ...modules.map(kernelModule),
      // the kubelet sets its own anew at each start; here they are for the record of what was there before
      ...Object.entries({ ...lasting, ...kubeletSysctls }).map(([key, value]) => sysctl(key, value)),
    ];
  },
};
