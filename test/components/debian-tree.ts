import { existsSync } from "node:fs";
import { mkdir, readdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { Recipe } from "./components.ts";
import { run } from "./run.ts";

/**
 * What is kept, by folder. Most of the rest is documentation and package administration; and etc/resolv.conf, hostname and fstab
 * are the building machine's.
 */
const kept: Readonly<Record<string, readonly string[]>> = {
  "": ["etc", "usr"],
  etc: ["ethertypes", "ld.so.conf.d", "protocols", "services"],
  usr: ["bin", "lib", "lib64", "sbin", "share"],
  "usr/share": ["iproute2"],
};

async function removeUnneeded(tree: string): Promise<void> {
  for (const [folder, names] of Object.entries(kept)) {
    for (const name of await readdir(join(tree, folder))) {
      if (!names.includes(name)) await rm(join(tree, folder, name), { recursive: true, force: true });
    }
  }
}

async function link(target: string, path: string): Promise<void> {
  if (!existsSync(path)) await symlink(target, path);
}

/** The links of a merged /usr, which base-files makes where it is installed. */
async function linkMergedUsr(tree: string): Promise<void> {
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    await mkdir(join(tree, "usr", name), { recursive: true });
    await link(`usr/${name}`, join(tree, name));
  }
}

/** The links that update-alternatives makes: iptables is the one that writes nftables rules. */
async function linkIptables(tree: string): Promise<void> {
  const sbin = join(tree, "usr", "sbin");
  for (const name of await readdir(sbin)) {
    if (/^ip6?tables-nft(-save|-restore)?$/.test(name)) await link(name, join(sbin, name.replace("-nft", "")));
  }
}

/** A link for each busybox applet for which the tree has no program. */
async function linkApplets(tree: string): Promise<void> {
  for (const name of await appletsOf(join(tree, "usr", "bin", "busybox"))) {
    if (!existsSync(join(tree, "usr", "sbin", name))) await link("busybox", join(tree, "usr", "bin", name));
  }
}

/** Names of the applets of a busybox executable that runs here. */
export async function appletsOf(busybox: string): Promise<string[]> {
  return (await run(busybox, ["--list"])).split("\n").filter((name) => name !== "" && name !== "busybox");
}

/** Unpacks Debian packages and what they depend on into `folder`/tree: no package is configured, so nothing in it runs. */
export async function buildDebianTree(recipe: Extract<Recipe, { kind: "debian" }>, folder: string): Promise<void> {
  const tree = join(folder, "tree");
  await run("mmdebstrap", [
    "--quiet",
    "--variant=extract",
    `--include=${recipe.packages.join(",")}`,
    "--format=directory",
    recipe.suite,
    tree,
  ]);
  await removeUnneeded(tree);
  await linkMergedUsr(tree);
  await linkIptables(tree);
  await linkApplets(tree);
}
