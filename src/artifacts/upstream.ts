import { basename } from "node:path/posix";
import { z } from "zod";
import { KbootError } from "../errors.ts";
import { type Blob, sha256Of } from "./blob.ts";
import { get, getSmall } from "./http.ts";
import { bundleMember, sha256Sum } from "./manifest.ts";
import { listMembers } from "./members.ts";
import { fetchManifest, imageOf, parseImageName } from "./registry.ts";
import type { FoundFile, FoundImage, Source, Wanted, WantedFile } from "./source.ts";
import type { Store } from "./store.ts";

/** Where upstream publishes a file and the sum of it, without `https://`. */
interface UpstreamFile {
  readonly url: string;
  readonly checksum: string;
  readonly format: "raw" | "tar.gz";
}

type Layout = (version: string, architecture: string) => UpstreamFile;

const kubernetesProgram =
  (name: string): Layout =>
  (version, architecture) => {
    const url = `dl.k8s.io/release/v${version}/bin/linux/${architecture}/${name}`;
    return { url, checksum: `${url}.sha256`, format: "raw" };
  };

// the release pages of each project; dl.k8s.io as kubernetes.io/releases/download describes it
const layouts: Readonly<Record<string, Layout>> = {
  kubelet: kubernetesProgram("kubelet"),
  kubectl: kubernetesProgram("kubectl"),
  containerd: (version, architecture) => {
    const url = `github.com/containerd/containerd/releases/download/v${version}/containerd-${version}-linux-${architecture}.tar.gz`;
    return { url, checksum: `${url}.sha256sum`, format: "tar.gz" };
  },
  runc: (version, architecture) => {
    const release = `github.com/opencontainers/runc/releases/download/v${version}`;
    return { url: `${release}/runc.${architecture}`, checksum: `${release}/runc.sha256sum`, format: "raw" };
  },
  "cni-plugins": (version, architecture) => {
    const url = `github.com/containernetworking/plugins/releases/download/v${version}/cni-plugins-linux-${architecture}-v${version}.tgz`;
    return { url, checksum: `${url}.sha256`, format: "tar.gz" };
  },
};

/** Docker Hub's registry has another name than its images. */
const registryHosts: Readonly<Record<string, string>> = { "docker.io": "registry-1.docker.io" };

const fileNote = z.object({ sha256: sha256Sum, members: z.array(bundleMember.partial({ size: true })) });
const imageNote = z.object({ manifest: sha256Sum });

/**
 * What the projects publish themselves. `base` is undefined for their own servers, else the URL of one that has them as folders:
 * `BASE/dl.k8s.io/...`, `BASE/github.com/...`, and the registries as `BASE/v2/registry.k8s.io/...`.
 * What was found once is remembered in the store, since published versions do not change.
 */
export function upstream(wanted: Wanted, store: Store, base?: string): Source {
  const root = base?.replace(/\/+$/, "");
  const urlOf = (address: string) => (root === undefined ? `https://${address}` : `${root}/${address}`);
  const api = (registry: string) => (root === undefined ? `https://${registryHosts[registry] ?? registry}/v2` : `${root}/v2`);
  const probeOf = ({ name, version }: WantedFile) => urlOf(layouts[name]?.(version, "amd64").checksum ?? "");
  const registries = new Set(wanted.images.map((image) => parseImageName(image).registry));
  return {
    label: root === undefined ? "upstream" : `upstream by way of ${root}`,
    probes: [...wanted.files.map(probeOf), ...[...registries].map((registry) => `${api(registry)}/`)],

    async file(file, architecture, signal): Promise<FoundFile | undefined> {
      const layout = layouts[file.name]?.(file.version, architecture);
      if (layout === undefined) return undefined;
      const { format } = layout;
      const [url, checksum] = [urlOf(layout.url), urlOf(layout.checksum)];
      const place = (sha256: string): Blob => ({ sha256, size: undefined, at: { url, get } });
      let known = await store.recall(url, fileNote);
      if (known === undefined) {
        const text = await getSmall(checksum, { signal });
        if (text === undefined) return undefined;
        const sha256 = readChecksum(text.toString("utf8"), basename(url), checksum);
        const members =
          format === "raw" ? [{ path: file.name, mode: "0755", sha256 }] : await listMembers(await store.fetch(place(sha256), signal));
        known = { sha256, members: [...members] };
        await store.remember(url, known);
      }
      const { sha256, members } = known;
      return { ...file, architecture, format, sha256, members, blob: place(sha256), remote: { probe: probeOf(file), url } };
    },

    async image(name, architecture, signal): Promise<FoundImage | undefined> {
      const { registry, repository, tag } = parseImageName(name);
      const from = { api: api(registry), path: root === undefined ? repository : `${registry}/${repository}` };
      const note = `${from.api}/${from.path}:${tag} ${architecture}`;
      const known = await store.recall(note, imageNote);
      const stored = known && (await store.read(known.manifest));
      const bytes = stored ?? (await fetchManifest(from, tag, architecture, signal));
      if (bytes === undefined) return undefined;
      if (stored === undefined) {
        await store.put(bytes);
        await store.remember(note, { manifest: sha256Of(bytes) });
      }
      return imageOf(name, architecture, from, bytes);
    },
  };
}

/** The sum of a file in a checksum file: a sum alone, or lines of a sum and a name. */
function readChecksum(text: string, name: string, url: string): string {
  const lines = text
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  const line =
    lines.find(([, named]) => named?.replace(/^[*]?(.*\/)?/, "") === name) ??
    (lines.length === 1 && lines[0]?.length === 1 ? lines[0] : []);
  const sum = line[0]?.toLowerCase() ?? "";
  if (/^[0-9a-f]{64}$/.test(sum)) return sum;
  throw new KbootError("artifact", `${url} has no sha256 of ${name}`, {
    hint: "is that the checksum file, and not a page about an error?",
  });
}
