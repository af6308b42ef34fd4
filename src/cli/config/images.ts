import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { KbootError } from "../../errors.ts";
import { coreDnsImage, etcdImage, kubernetesImage, pauseImage } from "../../kubernetes/images.ts";
import { clusterWithDefaults } from "../../kubernetes/kubeadm-documents/defaults.ts";
import type { ClusterConfiguration } from "../../kubernetes/kubeadm-documents/v1beta4.ts";
import { writeYaml } from "../../render/go-yaml.ts";
import { registryHostsDir } from "../../resources/container-image.ts";
import { withoutSecrets } from "../../secret.ts";
import { readKubeadmDocuments } from "./documents.ts";
import { resolveVersion } from "./resolve-version.ts";

interface Options {
  readonly config?: string;
  readonly kubernetesVersion: string;
  readonly imageRepository?: string;
}

/** `kboot config images list` */
export async function listImages(given: Record<string, unknown>): Promise<void> {
  const { output, ...options } = given as unknown as Options & { readonly output: "text" | "json" | "yaml" };
  const { images } = await wantedImages(options);
  const object = { kind: "Images", apiVersion: "output.kubeadm.k8s.io/v1alpha3", images };
  if (output === "text") process.stdout.write(images.map((image) => `${image}\n`).join(""));
  else process.stdout.write(output === "json" ? `${JSON.stringify(object, null, 4)}\n` : writeYaml(object));
}

/** `kboot config images pull`: through containerd on this machine; what is there already is not fetched again. */
export async function pullImages(given: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  const { criSocket, ...choice } = given as unknown as Options & { readonly criSocket?: string };
  const { images, socket } = await wantedImages(choice);
  const address = (criSocket ?? socket).replace(/^unix:\/\//, "");
  const options = await pullOptions(address, signal);
  for (const image of images) {
    if ((await ctr(address, ["images", "ls", "-q", `name==${image}`], signal)).trim() === "") {
      await ctr(address, ["images", "pull", ...options, image], signal);
    }
    process.stdout.write(`[config/images] Pulled ${image}\n`);
  }
}

/** By itself, not by the daemon, so that a proxy in the environment counts; mirrors as containerd has them. */
async function pullOptions(address: string, signal: AbortSignal): Promise<readonly string[]> {
  const help = await ctr(address, ["images", "pull", "--help"], signal);
  return [...(help.includes("--local") ? ["--local"] : []), ...(existsSync(registryHostsDir) ? ["--hosts-dir", registryHostsDir] : [])];
}

async function wantedImages({ config, kubernetesVersion, imageRepository }: Options) {
  if (config !== undefined && imageRepository !== undefined) {
    throw new KbootError("usage", "--image-repository and --config cannot stand together", { hint: "write imageRepository into the file" });
  }
  const documents = config === undefined ? undefined : await readKubeadmDocuments(config);
  const given = documents?.ClusterConfiguration ?? (imageRepository === undefined ? {} : { imageRepository });
  return {
    images: controlPlaneImages(given, kubernetesVersion),
    socket: documents?.InitConfiguration?.nodeRegistration?.criSocket ?? "/run/containerd/containerd.sock",
  };
}

/** What a control plane of this configuration runs, in kubeadm's order (kubeadm/app/images/images.go, v1.36). */
export function controlPlaneImages(given: ClusterConfiguration, defaultVersion: string): readonly string[] {
  const { imageRepository, dns, proxy, etcd, kubernetesVersion: label } = clusterWithDefaults(given, { kubernetesVersion: defaultVersion });
  const kubernetesVersion = resolveVersion(label);
  const cluster = { imageRepository, kubernetesVersion };
  const local = "local" in etcd ? etcd.local : undefined;
  return [
    kubernetesImage("kube-apiserver", cluster),
    kubernetesImage("kube-controller-manager", cluster),
    kubernetesImage("kube-scheduler", cluster),
    ...(proxy.disabled ? [] : [kubernetesImage("kube-proxy", cluster)]),
    ...(dns.disabled ? [] : [custom(coreDnsImage, dns)]),
    pauseImage(cluster),
    ...(local === undefined ? [] : [custom(etcdImage, local)]),
  ];

  function custom(image: typeof etcdImage, own: { imageRepository?: string | undefined; imageTag?: string | undefined }): string {
    const name = image({ kubernetesVersion, imageRepository: own.imageRepository ?? imageRepository });
    return own.imageTag === undefined ? name : name.replace(/:[^:/]*$/, `:${own.imageTag}`);
  }
}

async function ctr(address: string, words: readonly string[], signal: AbortSignal): Promise<string> {
  try {
    return (await promisify(execFile)("ctr", ["--address", address, "-n", "k8s.io", ...words], { signal })).stdout;
  } catch (cause) {
    signal.throwIfAborted();
    const { code, stderr = "" } = cause as { code?: string | number; stderr?: string };
    const reason = code === "ENOENT" ? "there is no ctr on this machine" : withoutSecrets(stderr.trim().split("\n").at(-1) ?? "");
    throw new KbootError("artifact", `containerd at ${address}: ${reason}`, {
      hint: code === "ENOENT" ? "run this on a machine with containerd" : "does containerd run? name its socket with --cri-socket",
      cause,
    });
  }
}
