import type { Step } from "../engine/contracts.ts";
import { kbootObjects } from "../kubernetes/kboot-objects.ts";
import type { Live } from "../kubernetes/live.ts";
import { absentObject } from "../resources/object.ts";
import { unwishedObjects, wishedObjects } from "./applied-objects.ts";
import { anyHost, theCluster } from "./where.ts";

/** Removes from the cluster what kboot applied earlier and the inventory no longer asks for, then what names it in the record. */
export const pruneObjects: Step<Live> = {
  id: "prune",
  title: "Remove what is no longer wished",
  on: theCluster,
  after: [anyHost("network"), anyHost("kube-proxy"), anyHost("coredns")],
  needsLive: true,
  resources: (site) => [...unwishedObjects(site).map(absentObject), kbootObjects(wishedObjects(site))],
};
