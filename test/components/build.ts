import { existsSync } from "node:fs";
import { cp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import pMap from "p-map";
import type { Bundle } from "./bundle.ts";
import { cached, cacheKey } from "./cache.ts";
import { type Component, type ComponentName, componentsFor, type Recipe } from "./components.ts";
import { installBuildPackages } from "./debian-packages.ts";
import { buildDebianTree } from "./debian-tree.ts";
import { buildGoComponent, buildKubernetes, buildPause, goVersion, kubernetesMain } from "./go-component.ts";
import { writeImages } from "./images.ts";
import { run, say } from "./run.ts";
import { type Built, storeFiles } from "./stored-files.ts";
import { verifyBundle } from "./verify-bundle.ts";

/** Raised when the code here makes other bytes from the same recipes. */
const componentFormat = 1;
const bundleFormat = 1;

/** Two at a time: one compiles while the other downloads or links. */
const parallelBuilds = 2;

export type BundleOptions = {
  /** Version of Kubernetes, "1.36.3" unless given. */
  readonly kubernetes?: string | undefined;
  /** A folder to copy the bundle to; it is replaced if it holds another bundle. Without it the bundle stays in the cache. */
  readonly out?: string | undefined;
};

/** A bundle, and the programs of the same build for use on this machine. All absolute paths. */
export type BuiltBundle = { readonly bundle: string; readonly kubeadm: string; readonly kubectl: string };

async function build(recipe: Recipe, folder: string): Promise<void> {
  switch (recipe.kind) {
    case "kubernetes":
      return buildKubernetes(recipe, folder);
    case "pause":
      return buildPause(recipe, folder);
    case "go":
      return buildGoComponent(recipe, folder);
    case "debian":
      return buildDebianTree(recipe, folder);
  }
}

/** The folder of a component, built unless the cache has it. */
async function buildComponent({ name, version, recipe }: Component, key: string): Promise<string> {
  return cached(`${name}-${version}`, key, async (folder) => {
    say(`building ${name} ${version}`);
    const start = performance.now();
    try {
      await build(recipe, folder);
    } catch (cause) {
      throw new Error(`cannot build ${name} ${version}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
    say(`built ${name} ${version} in ${Math.round((performance.now() - start) / 1000)} s`);
  });
}

/** The key of each component: its recipe, and what else decides its bytes. */
async function componentKeys(components: Readonly<Record<ComponentName, Component>>): Promise<Record<ComponentName, string>> {
  const go = await goVersion();
  const main = await readFile(kubernetesMain, "utf8");
  const keyOf = ({ recipe }: Component): string =>
    cacheKey({ componentFormat, recipe, go, ...(recipe.kind === "kubernetes" ? { main } : {}) });
  return Object.fromEntries(Object.entries(components).map(([name, component]) => [name, keyOf(component)])) as Record<
    ComponentName,
    string
  >;
}

async function buildComponents(
  components: Readonly<Record<ComponentName, Component>>,
  keys: Record<ComponentName, string>,
): Promise<Built> {
  const names = Object.keys(components) as ComponentName[];
  const folders = await pMap(names, (name) => buildComponent(components[name], keys[name]), { concurrency: parallelBuilds });
  return Object.fromEntries(names.map((name, position) => [name, folders[position]])) as Built;
}

/** Throws unless `bundle` has every image that kubeadm of this release asks for. */
async function checkKubeadmImages(kubeadm: string, kubernetes: string, bundle: Bundle): Promise<void> {
  const wanted = (await run(kubeadm, ["config", "images", "list", "--kubernetes-version", `v${kubernetes}`])).split("\n");
  const missing = wanted.filter((name) => !bundle.images.some((image) => image.name === name));
  if (missing.length > 0) throw new Error(`kubeadm ${kubernetes} wants images that the bundle lacks: ${missing.join(", ")}`);
}

async function writeBundle(bundle: string, kubernetes: string, built: Built): Promise<void> {
  const [files, images] = await Promise.all([
    storeFiles(bundle, kubernetes, built),
    writeImages(join(bundle, "images"), kubernetes, built),
  ]);
  const manifest: Bundle = {
    apiVersion: "kboot.dev/v1alpha1",
    kind: "Bundle",
    files,
    images: images.map(({ name, manifest: { digest }, totalSize }) => ({ name, architecture: "amd64", digest, size: totalSize })),
  };
  await writeFile(join(bundle, "bundle.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

async function sameManifest(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map((folder) => readFile(join(folder, "bundle.json"))));
  return first !== undefined && second !== undefined && first.equals(second);
}

/** Copies a bundle to `out`, by way of another name. Leaves alone a folder that is something else. */
async function copyBundle(bundle: string, out: string): Promise<void> {
  if (existsSync(out)) {
    if (!existsSync(join(out, "bundle.json"))) throw new Error(`${out} exists and is not a bundle`);
    if (await sameManifest(bundle, out)) return;
  }
  const partial = `${out}.partial-${process.pid}`;
  try {
    await cp(bundle, partial, { recursive: true });
    await rm(out, { recursive: true, force: true });
    await rename(partial, out);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/**
 * Makes a bundle of Kubernetes and what it runs with, from Go modules and Debian packages: by name, tag and shape what upstream
 * publishes. What was built before comes from the cache. A new bundle is verified before it is kept.
 */
export async function buildBundle({ kubernetes = "1.36.3", out }: BundleOptions = {}): Promise<BuiltBundle> {
  const components = componentsFor(kubernetes);
  const keys = await componentKeys(components);
  const bundle = await cached(`bundle-${kubernetes}`, cacheKey({ bundleFormat, keys, node: process.version }), async (folder) => {
    await installBuildPackages();
    const built = await buildComponents(components, keys);
    say(`packing the bundle of Kubernetes ${kubernetes}`);
    await writeBundle(folder, kubernetes, built);
    await checkKubeadmImages(join(built.kubernetes, "kubeadm"), kubernetes, await verifyBundle(folder));
  });
  const programs = await buildComponent(components.kubernetes, keys.kubernetes);
  if (out !== undefined) await copyBundle(bundle, resolve(out));
  return {
    bundle: out === undefined ? bundle : resolve(out),
    kubeadm: join(programs, "kubeadm"),
    kubectl: join(programs, "kubectl"),
  };
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { kubernetes: { type: "string" }, out: { type: "string" } } });
  if (process.getuid?.() !== 0) throw new Error("building needs root: the trees of Debian packages belong to it");
  const { bundle } = await buildBundle(values);
  process.stdout.write(`${bundle}\n`);
}
