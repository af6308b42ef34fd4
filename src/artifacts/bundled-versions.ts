import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bundleManifest } from "./manifest.ts";

/** The versions of Kubernetes that a bundle's directory has; none where it cannot be read, which opening it says better. */
export async function bundledVersions(path: string): Promise<readonly string[]> {
  const text = await readFile(join(path, "bundle.json"), "utf8").catch(() => "null");
  const { data } = bundleManifest.safeParse(JSON.parse(text));
  return [...new Set((data?.files ?? []).filter(({ name }) => name === "kubelet").map(({ version }) => version))];
}
