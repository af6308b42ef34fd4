import type { HostKind, StoredImage } from "../engine/contracts.ts";
import { quote } from "../host/quote.ts";

/** An image in containerd's namespace `k8s.io`, complete and unpacked. */
export interface ContainerImageResource {
  readonly kind: "container-image";
  /** Full name with tag. */
  readonly name: string;
  readonly architecture: string;
  /** Of its manifest, where the source says it. */
  readonly digest: string;
}

export interface ObservedImage {
  readonly mediaType: string;
  readonly digest: string;
  readonly isComplete: boolean;
}

/** A container-image resource for an image that a source has. */
export function containerImage(image: StoredImage, architecture: string): ContainerImageResource {
  return { kind: "container-image", name: image.name, architecture, digest: image.digest };
}

const unknown = "unknown";

function check(name: string): string {
  return `ctr -n k8s.io images check ${quote(`name==${name}`)}`;
}

export const containerImageKind: HostKind<ContainerImageResource, ObservedImage | "unknown" | undefined> = {
  kind: "container-image",
  id: (resource) => `container-image:${resource.name}`,
  // that containerd does not answer says nothing about its images
  observe: ({ name }) => `if command -v ctr >/dev/null; then ${check(name)} 2>/dev/null || echo ${unknown}; fi`,
  parse({ name }, { stdout }) {
    if (stdout.toString("utf8").endsWith(`${unknown}\n`)) return unknown;
    const line = stdout
      .toString("utf8")
      .split("\n")
      .find((candidate) => candidate.startsWith(`${name} `));
    const [, mediaType, digest] = line?.split(/\s+/) ?? [];
    if (line === undefined || mediaType === undefined || digest === undefined) return undefined;
    // columns: REF TYPE DIGEST STATUS SIZE UNPACKED. A broken import leaves the name, incomplete.
    return { mediaType, digest, isComplete: /\scomplete \(/.test(line) && /\strue\s*$/.test(line) };
  },
  compare(resource, observed) {
    if (observed === undefined) return [{ what: "image", to: resource.digest }];
    if (observed === unknown) return [{ what: "image", from: "unknown, containerd does not answer", to: resource.digest, unsure: true }];
    if (!observed.isComplete) return [{ what: "image", from: "incomplete", to: "complete" }];
    // what came from a registry has the digest of its index, which the source's manifest does not name
    const isComparable = !/index|list/.test(observed.mediaType);
    return isComparable && observed.digest !== resource.digest ? [{ what: "digest", from: observed.digest, to: resource.digest }] : [];
  },
  async change(items, { artifacts }) {
    const images = items.map(({ resource }) => artifacts.image(resource.name, resource.architecture));
    const payload = await artifacts.imageArchive(images, new Set());
    const checks = items.map(
      ({ resource: { name } }) =>
        `${check(name)} | grep -q ' complete (' || { echo ${quote(`the image ${name} is not complete after its import`)} >&2; exit 1; }`,
    );
    return { script: [`take ${payload.size} | ctr -n k8s.io images import - >/dev/null`, ...checks].join("\n"), payload };
  },
};
