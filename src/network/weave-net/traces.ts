import type { Traces } from "../../host/remove-traces.ts";
import { cniBinDir, cniConfDir } from "../../kubernetes/paths.ts";

/**
 * What weaver, weave-npc and the CNI plug-in make (net/bridge.go, net/ipsec, common/chains, npc, v2.9.0). A rule of Weave's in a chain
 * of others leads to an own chain or device, but for the one that guards its control port.
 */
export const weaveTraces: Traces = {
  links: ["weave", "datapath", "vxlan-6784", "vethwe-bridge", "vethwe-pcap", "vethwe-datapath", "vethwedu", "vethwepl*"],
  chains: ["WEAVE", "WEAVE-EXPOSE", "WEAVE-CANARY", "WEAVE-KUBE-TEST", "WEAVE-NPC", "WEAVE-NPC-*", "WEAVE-IPSEC-*"],
  ruleComments: ["Block non-local access to Weave Net control port"],
  ipsets: ["weaver-no-masq-local", "weave-kube-test", "weave-*"],
  nftTables: [],
  xfrmMarks: ["0x20000/0x20000"],
  paths: [
    "/var/lib/weave",
    `${cniConfDir}/10-weave.conflist`,
    `${cniConfDir}/10-weave.conf`,
    `${cniBinDir}/weave-net`,
    `${cniBinDir}/weave-ipam`,
    `${cniBinDir}/weave-plugin-*`,
  ],
};
