import { clusterPlace, type ObjectRef, type Site } from "../engine/contracts.ts";
import { bootstrapRbac } from "../kubernetes/bootstrap-rbac.ts";
import { clusterInfo } from "../kubernetes/cluster-info.ts";
import { kbootConfig } from "../kubernetes/kboot-config.ts";
import { refLine } from "../kubernetes/kboot-objects.ts";
import { kubeadmConfig } from "../kubernetes/kubeadm-config.ts";
import type { Live } from "../kubernetes/live.ts";
import type { ObjectResource } from "../resources/object.ts";
import { installCoreDns } from "./install-core-dns.ts";
import { installKubeProxy } from "./install-kube-proxy.ts";
import { installNetwork } from "./install-network.ts";

/** What joining nodes and kubeadm read: roles, configuration and the address of the cluster. */
export function configurationObjects({ cluster, live }: Site<Live>): readonly ObjectResource[] {
  return [
    ...bootstrapRbac(),
    ...kubeadmConfig(cluster),
    ...kbootConfig(cluster),
    // the CA exists once the API answers
    ...clusterInfo(cluster, live?.caCert ?? ""),
  ];
}

/** Every object that the way applies. */
export function wishedObjects(site: Site<Live>): readonly ObjectRef[] {
  const later = [installNetwork, installKubeProxy, installCoreDns].flatMap(
    (step) => (step.resources?.(site, clusterPlace) ?? []) as readonly ObjectResource[],
  );
  return [...configurationObjects(site), ...later].map(({ object }) => object);
}

/** What kboot applied earlier and does not wish any more. */
export function unwishedObjects(site: Site<Live>): readonly ObjectRef[] {
  const wished = new Set(wishedObjects(site).map(refLine));
  return (site.live?.applied ?? []).filter((ref) => !wished.has(refLine(ref)));
}
