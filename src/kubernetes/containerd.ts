import { parse, stringify } from "smol-toml";
import type { Cluster } from "../inventory/cluster.ts";
import { renderUnit } from "../render/render.ts";
import { pauseImage } from "./images.ts";
import { mergeDeep } from "./merge.ts";
import { binDir, cniBinDir, cniConfDir, unitDir } from "./paths.ts";

/** Path of containerd's unit. Its configuration is `containerdConfigFile`. */
export const containerdUnitFile = `${unitDir}/containerd.service`;

/** Content of config.toml, version 3 (containerd 2): kboot's tables with those of the inventory over them. */
export function containerdConfig(cluster: Cluster): string {
  const tables = {
    version: 3,
    plugins: {
      "io.containerd.cri.v1.images": { pinned_images: { sandbox: pauseImage(cluster) } },
      "io.containerd.cri.v1.runtime": {
        cni: { bin_dirs: [cniBinDir], conf_dir: cniConfDir },
        containerd: {
          // the kubelet's cgroup driver is systemd too
          runtimes: { runc: { runtime_type: "io.containerd.runc.v2", options: { SystemdCgroup: true } } },
        },
      },
    },
  };
  const text = `${stringify(mergeDeep(tables, cluster.containerd))}\n`;
  parse(text);
  return text;
}

/** Content of containerd.service. */
export function containerdUnit(): string {
  return renderUnit("containerd.service", { binDir });
}
