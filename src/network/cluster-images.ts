import type { Cluster, Role } from "../inventory/cluster.ts";
import { baseImages, coreDnsImage, kubernetesImage } from "../kubernetes/images.ts";
import { networkPlugin } from "./index.ts";

/** Full names of the images of pods that the cluster puts on any node. CoreDNS may land on each. */
export function addonImages(cluster: Cluster): readonly string[] {
  return [kubernetesImage("kube-proxy", cluster), coreDnsImage(cluster), ...(networkPlugin(cluster)?.images(cluster) ?? [])];
}

/** Names of the registries that the cluster's images come from: `registry.k8s.io`. */
export function wantedRegistries(cluster: Cluster): readonly string[] {
  const names = imagesFor(cluster, "control-plane").map((image) => image.split("/")[0] ?? "");
  return [...new Set(names)].sort();
}

/** Full names of all images that a host of this role needs. */
export function imagesFor(cluster: Cluster, role: Role): readonly string[] {
  return [...baseImages(cluster, role), ...addonImages(cluster)];
}
