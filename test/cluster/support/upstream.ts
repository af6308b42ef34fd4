import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { BundleManifest } from "../../../src/artifacts/manifest.ts";

/**
 * Lays the files of a bundle out below a folder as upstream's servers have them, each server a folder, with checksum files in the form
 * of each project.
 */
export async function layOutUpstream(bundle: string, folder: string): Promise<void> {
  const { files } = JSON.parse(await readFile(join(bundle, "bundle.json"), "utf8")) as BundleManifest;
  for (const { name, version, path, source } of files) {
    const from = join(bundle, path);
    const isKubernetes = source.startsWith("https://dl.k8s.io/");
    const url = isKubernetes ? `dl.k8s.io/release/v${version}/bin/linux/amd64/${name}` : source.replace("https://", "");
    const to = join(folder, url);
    await mkdir(dirname(to), { recursive: true });
    // executables are published as they are, archives as archives
    if (isKubernetes || name === "runc") await pipeline(createReadStream(from), createGunzip(), createWriteStream(to));
    else await copyFile(from, to);
    const sum = await sha256Of(to);
    if (isKubernetes) await writeFile(`${to}.sha256`, sum);
    else if (name === "runc") await writeFile(join(dirname(to), "runc.sha256sum"), `${sum}  ${basename(to)}\n`);
    else await writeFile(`${to}.${name === "containerd" ? "sha256sum" : "sha256"}`, `${sum}  ${basename(to)}\n`);
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}
