import type { Traces } from "../host/remove-traces.ts";
import { etcdDataDir, kubeletDir, kubernetesDir } from "./paths.ts";

/** What kubelet, kube-proxy and etcd make on a node while they run (pkg/kubelet/kubelet_network_linux.go, pkg/proxy, v1.36). */
export const nodeTraces: Traces = {
  links: ["kube-ipvs0"],
  chains: ["KUBE-*"],
  ruleComments: [],
  ipsets: ["KUBE-*"],
  nftTables: ["ip kube-proxy", "ip6 kube-proxy"],
  xfrmMarks: [],
  paths: [
    etcdDataDir,
    kubeletDir,
    "/var/log/pods",
    "/var/log/containers",
    ...["kubelet.conf", "bootstrap-kubelet.conf", ".bootstrap-kubelet.conf"].map((name) => `${kubernetesDir}/${name}`),
  ],
};

/** What a containerd makes that nobody else uses, and the CNI plug-ins that it calls. */
export const runtimeTraces: Traces = {
  links: [],
  chains: ["CNI-HOSTPORT-*", "CNI-DN-*"],
  ruleComments: [],
  ipsets: [],
  nftTables: [],
  xfrmMarks: [],
  paths: ["/run/containerd", "/run/nri", "/var/lib/cni", "/opt/containerd"],
};

/** Where a containerd keeps images and containers. */
export const runtimeData: Traces = { ...runtimeTraces, chains: [], paths: ["/var/lib/containerd"] };
