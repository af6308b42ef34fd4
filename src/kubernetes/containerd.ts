import { parse, stringify } from "smol-toml";
import type { Cluster } from "../inventory/cluster.ts";
import { renderUnit } from "../render/render.ts";
import { registryHostsDir } from "../resources/container-image.ts";
import { type Tables, toVersion2 } from "./containerd-v2.ts";
import { pauseImage } from "./images.ts";
import { mergeDeep } from "./merge.ts";
import { binDir, cniBinDir, cniConfDir, unitDir } from "./paths.ts";

/** Path of containerd's unit, where kboot writes one. Its configuration is `containerdConfigFile`. */
export const containerdUnitFile = `${unitDir}/containerd.service`;

/** Beside that unit or the one of a package. */
export const containerdDropInFile = `${unitDir}/containerd.service.d/10-kboot.conf`;

/** What kboot brings beside the unit where containerd is no package, in `binDir`. */
export const containerdBinaries = ["containerd", "containerd-shim-runc-v2", "ctr"] as const;

/** Content of config.toml, version 3 (containerd 2): kboot's tables with those of the inventory over them. */
export function containerdConfig(cluster: Cluster): string {
  return write({ version: 3, ...containerdTables(cluster) });
}

/**
 * The same as version 2, for a containerd that comes from a package: 1.7 reads no other, and 2.x reads it too. So the file need not change
 * with the package's version, which nobody may know before it is installed.
 */
export function packagedContainerdConfig(cluster: Cluster): string {
  return write({ version: 2, ...toVersion2(containerdTables(cluster)) });
}

function containerdTables(cluster: Cluster): Tables {
  const tables = {
    plugins: {
      "io.containerd.cri.v1.images": {
        pinned_images: { sandbox: pauseImage(cluster) },
        ...(registriesOf(cluster).length > 0 && { registry: { config_path: registryHostsDir } }),
      },
      "io.containerd.cri.v1.runtime": {
        cni: { bin_dirs: [cniBinDir], conf_dir: cniConfDir },
        containerd: {
          // the kubelet's cgroup driver is systemd too
          runtimes: { runc: { runtime_type: "io.containerd.runc.v2", options: { SystemdCgroup: true } } },
        },
      },
    },
  };
  return mergeDeep(tables, cluster.containerd);
}

function write(tables: Tables): string {
  const text = `${stringify(tables)}\n`;
  parse(text);
  return text;
}

/**
 * Files that tell containerd, the kubelet's pulls included, to ask the registries among the sources before those that images are named after, by path
 * (containerd's docs/hosts.md; a change needs no restart).
 */
export function registryHosts(cluster: Cluster, named: readonly string[]): readonly { readonly path: string; readonly content: string }[] {
  const sources = registriesOf(cluster);
  if (sources.length === 0) return [];
  const hosts = sources.map(({ address, insecure }) => {
    const [host = "", ...prefix] = address.split("/");
    return [
      `${insecure ? "http" : "https"}://${[host, "v2", ...prefix].join("/")}`,
      { capabilities: ["pull", "resolve"], override_path: true },
    ];
  });
  return named.map((name) => ({
    path: `${registryHostsDir}/${name}/hosts.toml`,
    content: `${stringify({ host: Object.fromEntries(hosts) })}\n`,
  }));
}

function registriesOf({ sources }: Cluster) {
  return sources.filter((source) => source.kind === "registry");
}

/** Content of containerd.service. */
export function containerdUnit(): string {
  return renderUnit("containerd.service", { binDir });
}

/** Content of the drop-in with what containerd finds in its environment and hands to CNI plug-ins. */
export function containerdDropIn(environment: Readonly<Record<string, string>>): string {
  return ["[Service]", ...Object.entries(environment).map(([name, value]) => `Environment=${name}=${value}`), ""].join("\n");
}
