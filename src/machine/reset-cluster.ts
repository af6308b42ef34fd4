import { dirname } from "node:path";
import { stringify } from "yaml";
import { parseState } from "../engine/state.ts";
import { KbootError } from "../errors.ts";
import type { Facts } from "../host/facts.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { parseInventory } from "../inventory/parse.ts";
import { settledByManifests } from "../kubernetes/settled.ts";
import { versionOfLabel } from "../kubernetes/versions.ts";
import { networkPlugin } from "../network/index.ts";

const plugins = ["weave-net", "flannel", "none"] as const;

/**
 * The cluster that a machine's own record of what kboot made there tells of, with this machine as its only host. Version, registry
 * and pod network are those of the images that were brought, certificates are where their CA is. Throws KbootError `usage` when there is no record.
 */
export function clusterOfRecord({ state: text, kubernetes }: Pick<Facts, "state" | "kubernetes">): Cluster {
  const state = parseState(text);
  if (state === undefined) {
    throw new KbootError("usage", "nothing of kboot's is on this machine", {
      hint: "a node of kubeadm's: kubeadm reset. The hosts of an inventory: kboot reset -f FILE",
    });
  }
  const made = Object.keys(state.made);
  const images = withPrefix(made, "container-image:");
  const [, imageRepository, version = versionOfLabel("stable-1")] =
    images.map((image) => /^(.+)\/kube-proxy:v(.+)$/.exec(image)).find((found) => found !== null) ?? [];
  const [packageName] = withPrefix(made, "package:");
  const caPath = [...(state.made["shared-secret:ca"]?.paths ?? []), ...withPrefix(made, "file:")].find((path) => path.endsWith("/ca.crt"));
  // a CA whose key is elsewhere was not put there by kboot
  const certificatesDir = caPath === undefined ? settledByManifests(kubernetes.manifests).certificatesDir : dirname(caPath);
  const describe = (plugin: (typeof plugins)[number]) => ({
    apiVersion: "kboot.dev/v1alpha1",
    kind: "Cluster",
    metadata: { name: state.cluster },
    spec: {
      kubernetesVersion: version,
      ...(certificatesDir === undefined ? {} : { pki: { certificatesDir } }),
      ...(imageRepository === undefined ? {} : { imageRepository }),
      network: { plugin },
      hosts: [
        {
          name: "localhost",
          transport: "local",
          role: "control-plane",
          ...(packageName === undefined ? {} : { containerRuntime: { from: "package", package: packageName } }),
        },
      ],
    },
  });
  const candidates = plugins.map((plugin) => read(describe(plugin)));
  const found = candidates.find((cluster) =>
    networkPlugin(cluster)
      ?.images(cluster)
      .some((image) => images.some(isSameProgram(image))),
  );
  const cluster = found ?? read(describe("none"));
  const isControlPlane = Object.keys(kubernetes.manifests).length > 0;
  return { ...cluster, hosts: cluster.hosts.map((host) => ({ ...host, role: isControlPlane ? "control-plane" : "worker" })) };
}

function withPrefix(ids: readonly string[], prefix: string): readonly string[] {
  return ids.filter((id) => id.startsWith(prefix)).map((id) => id.slice(prefix.length));
}

/** Whether two images are of the same program, whatever registry and version they are of. */
function isSameProgram(image: string): (other: string) => boolean {
  const program = (name: string) => name.slice(name.lastIndexOf("/") + 1).replace(/:.*$/, "");
  return (other) => program(other) === program(image);
}

function read(document: unknown): Cluster {
  const { cluster, problems } = parseInventory(stringify(document), { file: "/var/lib/kboot/state.json", home: "/root" });
  if (cluster === undefined) throw new Error(`the record makes no cluster: ${problems.map(({ message }) => message).join("; ")}`);
  return cluster;
}
