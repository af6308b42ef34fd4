import { basename } from "node:path/posix";
import type { Artifacts, Fragment, HostKind, StoredImage } from "../engine/contracts.ts";
import { joinPayloads } from "../host/payload.ts";
import { quote } from "../host/quote.ts";
import { stateFolder } from "../host/state-folder.ts";
import { callFetch, defineFetch } from "./fetch.ts";

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
export function containerImage({ name, architecture, digest }: StoredImage): ContainerImageResource {
  return { kind: "container-image", name, architecture, digest };
}

/** Where containerd finds a folder for each registry, with where else its images are. */
export const registryHostsDir = "/etc/containerd/certs.d";

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
    if (observed === unknown) {
      const from = "unknown, containerd does not answer";
      return [{ what: "image", from, to: resource.digest, unsure: true, seenBy: "systemd-unit:containerd.service" }];
    }
    if (!observed.isComplete) return [{ what: "image", from: "incomplete", to: "complete" }];
    // what came from a registry has the digest of its index, which the source's manifest does not name
    const isComparable = !/index|list/.test(observed.mediaType);
    return isComparable && observed.digest !== resource.digest ? [{ what: "digest", from: observed.digest, to: resource.digest }] : [];
  },
  async change(items, { artifacts, facts }) {
    const images = items.map(({ resource }) => artifacts.image(resource.name, resource.architecture));
    const reached = ({ remote }: StoredImage) => remote !== undefined && facts.reaches.includes(remote.probe);
    const pulled = images.filter((image) => reached(image) && image.remote?.blobs === undefined);
    const fetched = images.filter((image) => reached(image) && image.remote?.blobs !== undefined);
    const sent = images.filter((image) => !reached(image));
    const parts = [...pull(pulled), ...(await fetch(fetched, artifacts)), ...(await send(sent, artifacts))];
    const checks = items.map(
      ({ resource: { name } }) =>
        `${check(name)} | grep -q ' complete (' || { echo ${quote(`the image ${name} is not complete after its import`)} >&2; exit 1; }`,
    );
    const payloads = parts.flatMap(({ payload }) => payload ?? []);
    return { script: [...parts.map(({ script }) => script), ...checks].join("\n"), payload: joinPayloads(payloads) };
  },
  before: (observed) => (observed === undefined ? null : typeof observed === "string" ? observed : { digest: observed.digest }),
  // one that was there before under the same name is not fetched again; containerd itself may be gone, and its images with it
  remove: (things) => {
    const names = things
      .filter(({ before }) => before === null)
      .map(({ id }) => quote(id.slice("container-image:".length)))
      .join(" ");
    if (names === "") return {};
    return {
      first: `if command -v ctr >/dev/null && ctr version >/dev/null 2>&1; then
  for name in ${names}; do
    digest=$(ctr -n k8s.io images ls "name==$name" | sed -n '2s/^[^ ]* *[^ ]* *\\([^ ]*\\).*/\\1/p')
    [ -n "$digest" ] || continue
    # the names that the kubelet's side of containerd has given it besides
    ctr -n k8s.io images ls -q "target.digest==$digest" | grep -e '^sha256:' -e @ | xargs -r ctr -n k8s.io images rm >/dev/null
    ctr -n k8s.io images rm "$name" >/dev/null
  done
fi`,
    };
  },
};

const importImages = "ctr -n k8s.io images import - >/dev/null";

/** The operator sends one archive. */
async function send(images: readonly StoredImage[], artifacts: Artifacts): Promise<readonly Fragment[]> {
  if (images.length === 0) return [];
  const payload = await artifacts.imageArchive(images, new Set());
  return [{ script: `take ${payload.size} | ${importImages}`, payload }];
}

/** The host fetches the blobs, the operator sends what makes an archive of them. */
async function fetch(images: readonly StoredImage[], artifacts: Artifacts): Promise<readonly Fragment[]> {
  if (images.length === 0) return [];
  const payload = await artifacts.imageArchive(images, new Set(images.flatMap(({ blobs }) => blobs)));
  const urls = new Set(images.flatMap(({ remote }) => remote?.blobs ?? []));
  const lines = [
    "umask 077",
    `stage=${stateFolder}/.images`,
    'rm -rf "$stage"',
    `trap 'rm -rf "$stage"' EXIT`,
    'mkdir -p "$stage/blobs/sha256"',
    `take ${payload.size} | tar -x -C "$stage" -f -`,
    defineFetch,
    ...[...urls].map((url) => callFetch(url, `"$stage/blobs/sha256/${basename(url)}"`, basename(url))),
    `tar -c -C "$stage" -f - . | ${importImages}`,
  ];
  return [{ script: `(\n${lines.join("\n")}\n)`, payload }];
}

/** The host pulls by digest, as its containerd is told where from, and gives the image its name. */
function pull(images: readonly StoredImage[]): readonly Fragment[] {
  if (images.length === 0) return [];
  const lines = images.flatMap(({ name, digest }) => {
    const byDigest = `${name.replace(/:[^:/]+$/, "")}@${digest}`;
    return [
      `ctr -n k8s.io images pull "$@" ${quote(byDigest)} >/dev/null`,
      `ctr -n k8s.io images tag --force ${quote(byDigest)} ${quote(name)} >/dev/null`,
      `ctr -n k8s.io images rm ${quote(byDigest)} >/dev/null`,
    ];
  });
  // by itself, not by the daemon, so that a proxy in the host's environment counts
  const options = [
    "set --",
    "if ctr images pull --help | grep -q -e --local; then set -- --local; fi",
    `if [ -d ${registryHostsDir} ]; then set -- "$@" --hosts-dir ${registryHostsDir}; fi`,
  ];
  return [{ script: `(\n${[...options, ...lines].join("\n")}\n)` }];
}
