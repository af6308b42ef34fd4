import type { Step } from "../engine/contracts.ts";
import { kubeProxy } from "../kubernetes/kube-proxy.ts";
import type { Live } from "../kubernetes/live.ts";
import { anyHost, everyControlPlane, theCluster } from "./where.ts";

/** kube-proxy on every node. */
export const installKubeProxy: Step<Live> = {
  id: "kube-proxy",
  title: "Install kube-proxy",
  on: theCluster,
  // a control plane is a node already and finds the images there; a worker joins with them
  after: [anyHost("cluster-config"), everyControlPlane("addon-images")],
  needsLive: true,
  resources: ({ cluster, live }) => kubeProxy(cluster, live?.kubeProxyConfig),
};
