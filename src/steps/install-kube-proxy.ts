import type { Step } from "../engine/contracts.ts";
import { kubeProxy } from "../kubernetes/kube-proxy.ts";
import type { Live } from "../kubernetes/live.ts";
import { anyHost, theCluster } from "./where.ts";

/** kube-proxy on every node. */
export const installKubeProxy: Step<Live> = {
  id: "kube-proxy",
  title: "Install kube-proxy",
  on: theCluster,
  after: [anyHost("cluster-config")],
  needsLive: true,
  resources: ({ cluster }) => kubeProxy(cluster),
};
