import { parse } from "yaml";
import type { ExtraArg } from "../inventory/cluster.ts";
import { isMap } from "../is-map.ts";
import { kubeletFiles } from "../kubernetes/kubelet.ts";
import type { Settings } from "../kubernetes/merge.ts";
import { cniConfDir } from "../kubernetes/paths.ts";
import { observeFiles, parseFiles } from "../resources/observe-files.ts";

/** What a kubelet that runs has been told by its files. */
export interface HostKubelet {
  /** config.yaml; undefined where there is none that can be read. */
  readonly configuration: Settings | undefined;
  /** kubeadm-flags.env, in its order. */
  readonly flags: readonly ExtraArg[];
  /** Names of the files that tell containerd of pod networks. */
  readonly networks: readonly string[];
}

/** Prints the kubelet's files, for `parseHostKubelet`. */
export const hostKubeletScript = `${observeFiles([kubeletFiles.config, kubeletFiles.flags])}\nls ${cniConfDir} 2>/dev/null | sed 's/^/cni /' || true`;

/** Reads what `hostKubeletScript` printed. */
export function parseHostKubelet(stdout: Buffer): HostKubelet {
  const [config, env] = parseFiles(stdout);
  const [, words = ""] = /^KUBELET_KUBEADM_ARGS="(.*)"$/m.exec(env?.content.reveal() ?? "") ?? [];
  return {
    configuration: parseMap(config?.content.reveal()),
    flags: words.split(/\s+/).flatMap((word) => {
      const [, name, value = "true"] = /^--([^=]+)(?:=(.*))?$/.exec(word) ?? [];
      return name === undefined ? [] : [{ name, value }];
    }),
    networks: [...stdout.toString("utf8").matchAll(/^cni (\S+\.(?:conf|conflist|json))$/gm)].map(([, name = ""]) => name),
  };
}

function parseMap(text: string | undefined): Settings | undefined {
  try {
    const value: unknown = parse(text ?? "");
    return isMap(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
