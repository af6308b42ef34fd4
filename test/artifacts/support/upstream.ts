import { createHash, randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import type { Wanted } from "../../../src/artifacts/source.ts";
import type { Web } from "./web.ts";

/** sha256, hex. */
export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** What the upstream below has. */
export const everything: Wanted = {
  files: [
    { name: "containerd", version: "2.2.9" },
    { name: "runc", version: "1.3.3" },
    { name: "cni-plugins", version: "1.9.1" },
    { name: "kubelet", version: "1.37.2" },
    { name: "kubectl", version: "1.37.2" },
  ],
  images: ["registry.k8s.io/coredns/coredns:v1.14.6", "docker.io/library/busybox:1.37"],
};

async function tarGz(members: Readonly<Record<string, Buffer>>): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: "./", type: "directory" });
  for (const [name, content] of Object.entries(members)) archive.entry({ name: `./${name}`, mode: 0o755 }, content);
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) chunks.push(chunk as Uint8Array);
  return gzipSync(Buffer.concat(chunks));
}

/** Puts an image into a registry's repository, below a list of platforms where it is to have one. Returns its manifest's digest. */
export function putImage(web: Web, repository: string, tag: string, options: { readonly list?: boolean } = {}): string {
  const put = (kind: string, reference: string, bytes: Buffer) => web.files.set(`/v2/${repository}/${kind}/${reference}`, bytes);
  const blob = (bytes: Buffer) => {
    const digest = `sha256:${sha256(bytes)}`;
    put("blobs", digest, bytes);
    return { digest, size: bytes.length };
  };
  const config = blob(Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", of: repository })));
  const layers = [blob(randomBytes(3000)), blob(Buffer.from("shared by all"))];
  const mediaType = "application/vnd.docker.distribution.manifest.v2+json";
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers }));
  const digest = `sha256:${sha256(manifest)}`;
  put("manifests", digest, manifest);
  put("manifests", tag, manifest);
  if (options.list) {
    const entry = (architecture: string) => ({ digest, size: manifest.length, platform: { os: "linux", architecture } });
    const other = { ...entry("s390x"), digest: `sha256:${sha256(Buffer.from("other"))}` };
    put("manifests", tag, Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [other, entry("amd64")] })));
  }
  return digest;
}

/** Lays a server out as upstream's servers are, with small files in place of the real ones. */
export async function layOutUpstream(web: Web): Promise<void> {
  const put = (path: string, bytes: Buffer | string) => web.files.set(`/${path}`, Buffer.from(bytes));
  for (const name of ["kubelet", "kubectl"]) {
    const program = randomBytes(200_000);
    put(`dl.k8s.io/release/v1.37.2/bin/linux/amd64/${name}`, program);
    put(`dl.k8s.io/release/v1.37.2/bin/linux/amd64/${name}.sha256`, sha256(program));
  }
  const containerd = await tarGz({ "bin/containerd": randomBytes(5000), "bin/ctr": Buffer.from("ctr") });
  const release = "github.com/containerd/containerd/releases/download/v2.2.9/containerd-2.2.9-linux-amd64.tar.gz";
  put(release, containerd);
  put(`${release}.sha256sum`, `${sha256(containerd)}  containerd-2.2.9-linux-amd64.tar.gz\n`);
  const runc = randomBytes(4000);
  put("github.com/opencontainers/runc/releases/download/v1.3.3/runc.amd64", runc);
  const sums = [`${"0".repeat(64)} *runc.arm64`, `${sha256(runc)} *runc.amd64`, ""].join("\n");
  put("github.com/opencontainers/runc/releases/download/v1.3.3/runc.sha256sum", sums);
  const plugins = await tarGz({ bridge: Buffer.from("bridge"), loopback: Buffer.from("loopback") });
  const tgz = "github.com/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-amd64-v1.9.1.tgz";
  put(tgz, plugins);
  put(`${tgz}.sha256`, `${sha256(plugins)}  cni-plugins-linux-amd64-v1.9.1.tgz\n`);
  putImage(web, "registry.k8s.io/coredns/coredns", "v1.14.6", { list: true });
  putImage(web, "docker.io/library/busybox", "1.37");
}
