import type { Step } from "../engine/contracts.ts";
import { imagesFor } from "../kubernetes/images.ts";
import type { Live } from "../kubernetes/live.ts";
import { containerImage } from "../resources/container-image.ts";
import { factsOf } from "./site.ts";
import { everyHost, sameHost, specOf } from "./where.ts";

/** Gives each host the images that its role needs, beside its other steps. */
export const importImages: Step<Live> = {
  id: "images",
  title: "Import images",
  on: everyHost,
  after: sameHost("containerd"),
  bulk: true,
  resources(site, host) {
    const { architecture } = factsOf(site, host);
    const names = imagesFor(site.cluster, specOf(site.cluster, host).role);
    return names.map((name) => containerImage(site.artifacts.image(name, architecture), architecture));
  },
};
