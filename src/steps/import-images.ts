import type { Site, Step } from "../engine/contracts.ts";
import { baseImages } from "../kubernetes/images.ts";
import type { Live } from "../kubernetes/live.ts";
import { addonImages } from "../network/cluster-images.ts";
import { type ContainerImageResource, containerImage } from "../resources/container-image.ts";
import { factsOf } from "./site.ts";
import { everyControlPlane, everyHost, sameHost, specOf } from "./where.ts";

function imageResources(site: Site<Live>, host: string, names: readonly string[]): readonly ContainerImageResource[] {
  const { architecture } = factsOf(site, host);
  return names.map((name) => containerImage(site.artifacts.image(name, architecture)));
}

/** The images with which a host starts, beside its other steps: a control plane waits for no more than these. */
export const importImages: Step<Live> = {
  id: "images",
  title: "Import images",
  on: everyHost,
  after: sameHost("containerd"),
  bulk: true,
  resources: (site, host) => imageResources(site, host, baseImages(site.cluster, specOf(site.cluster, host).role)),
};

/** The images of kube-proxy, CoreDNS and the pod network. A node that has them needs no registry when it joins. */
export const importAddonImages: Step<Live> = {
  id: "addon-images",
  title: "Import the addons' images",
  on: everyHost,
  // everybody waits for the API server: what that needs comes first, where hosts share the operator's line
  after: [...sameHost("images"), everyControlPlane("images")],
  bulk: true,
  resources: (site, host) => imageResources(site, host, addonImages(site.cluster)),
};
