import type { Step } from "../engine/contracts.ts";
import { coreDns } from "../kubernetes/core-dns.ts";
import type { Live } from "../kubernetes/live.ts";
import { anyHost, theCluster } from "./where.ts";

/** The cluster's DNS. */
export const installCoreDns: Step<Live> = {
  id: "coredns",
  title: "Install CoreDNS",
  on: theCluster,
  after: [anyHost("network-ready")],
  needsLive: true,
  resources: ({ cluster }) => coreDns(cluster),
};
