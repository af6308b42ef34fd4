import type { Traces } from "../../host/remove-traces.ts";
import { cniBinDir, cniConfDir } from "../../kubernetes/paths.ts";

/** What flanneld and the CNI plug-ins that it calls make (pkg/trafficmngr/iptables, pkg/backend/vxlan, v0.26). */
export const flannelTraces: Traces = {
  links: ["flannel.1", "cni0"],
  chains: ["FLANNEL-FWD", "FLANNEL-POSTRTG"],
  ruleComments: [],
  ipsets: [],
  nftTables: [],
  xfrmMarks: [],
  paths: [
    "/run/flannel",
    "/var/lib/cni/flannel",
    "/var/lib/cni/networks/cbr0",
    `${cniConfDir}/10-flannel.conflist`,
    `${cniBinDir}/flannel`,
  ],
};
