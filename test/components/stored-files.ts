import { createReadStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createGzip } from "node:zlib";
import type { BundleFile } from "./bundle.ts";
import { type ComponentName, cniPlugins, componentsFor } from "./components.ts";
import { type Sum, sumOfFile, writeCompressed } from "./digest.ts";
import { directories, executable, tarOf } from "./tar.ts";

/** The folder of each built component. */
export type Built = Readonly<Record<ComponentName, string>>;

/** Low enough to be quick here; on the hosts unpacking costs the same at every level. */
const gzipLevel = 6;

function fileEntry(name: string, version: string, path: string, format: BundleFile["format"], stored: Sum, source: string) {
  return { name, version, architecture: "amd64", path, format, ...stored, source } as const;
}

/** Stores one executable as `path`, compressed. Returns its own sum and that of the stored file. */
async function storeGzip(bundle: string, path: string, file: string): Promise<{ plain: Sum; stored: Sum }> {
  return writeCompressed(createReadStream(file), createGzip({ level: gzipLevel }), join(bundle, path));
}

/** Stores executables as a compressed archive, each at the path upstream's archive has it. */
async function storeArchive(bundle: string, path: string, members: Readonly<Record<string, string>>) {
  const folders = [...new Set(Object.keys(members).map(dirname))].filter((folder) => folder !== ".");
  const entries = [...directories(...folders), ...Object.entries(members).map(([member, file]) => executable(member, file))];
  const { stored } = await writeCompressed(tarOf(entries), createGzip({ level: gzipLevel }), join(bundle, path));
  const sums: BundleFile["members"] = [];
  for (const [member, file] of Object.entries(members)) sums.push({ path: member, mode: "0755", ...(await sumOfFile(file)) });
  return { stored, members: sums };
}

async function storeKubernetes(bundle: string, version: string, folder: string): Promise<BundleFile[]> {
  // One executable that goes by three names: stored once.
  const path = `files/kubernetes-${version}-linux-amd64.gz`;
  const { plain, stored } = await storeGzip(bundle, path, join(folder, "kubernetes"));
  return ["kubelet", "kubectl", "kubeadm"].map((name) => ({
    ...fileEntry(name, version, path, "gzip", stored, `https://dl.k8s.io/v${version}/bin/linux/amd64/${name}`),
    members: [{ path: name, mode: "0755", ...plain }],
  }));
}

async function storeContainerd(bundle: string, version: string, folder: string): Promise<BundleFile> {
  const name = `containerd-${version}-linux-amd64.tar.gz`;
  const programs = ["containerd", "containerd-shim-runc-v2", "ctr"];
  const members = Object.fromEntries(programs.map((program) => [`bin/${program}`, join(folder, program)]));
  const archive = await storeArchive(bundle, `files/${name}`, members);
  const source = `https://github.com/containerd/containerd/releases/download/v${version}/${name}`;
  return { ...fileEntry("containerd", version, `files/${name}`, "tar.gz", archive.stored, source), members: archive.members };
}

async function storeRunc(bundle: string, version: string, folder: string): Promise<BundleFile> {
  const path = `files/runc-${version}-linux-amd64.gz`;
  const { plain, stored } = await storeGzip(bundle, path, join(folder, "runc"));
  const source = `https://github.com/opencontainers/runc/releases/download/v${version}/runc.amd64`;
  return { ...fileEntry("runc", version, path, "gzip", stored, source), members: [{ path: "runc", mode: "0755", ...plain }] };
}

async function storeCniPlugins(bundle: string, version: string, folder: string): Promise<BundleFile> {
  const name = `cni-plugins-linux-amd64-v${version}.tgz`;
  const members = Object.fromEntries(cniPlugins.map((plugin) => [plugin, join(folder, plugin)]));
  const archive = await storeArchive(bundle, `files/${name}`, members);
  const source = `https://github.com/containernetworking/plugins/releases/download/v${version}/${name}`;
  return { ...fileEntry("cni-plugins", version, `files/${name}`, "tar.gz", archive.stored, source), members: archive.members };
}

/** Writes the `files/` of the bundle of `kubernetes`, and returns its entries of the manifest. */
export async function storeFiles(bundle: string, kubernetes: string, built: Built): Promise<BundleFile[]> {
  const components = componentsFor(kubernetes);
  await mkdir(join(bundle, "files"), { recursive: true });
  const [programs, ...others] = await Promise.all([
    storeKubernetes(bundle, kubernetes, built.kubernetes),
    storeContainerd(bundle, components.containerd.version, built.containerd),
    storeRunc(bundle, components.runc.version, built.runc),
    storeCniPlugins(bundle, components.cniPlugins.version, built.cniPlugins),
  ]);
  return [...programs, ...others];
}
