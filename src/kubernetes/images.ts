import type { Cluster, Role } from "../inventory/cluster.ts";
import { minorVersion } from "./versions.ts";

/** Programs of Kubernetes' own release that come as images. */
type KubernetesProgram = "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "kube-proxy";

type Versioned = Pick<Cluster, "kubernetesVersion" | "imageRepository">;

const defaultRepository = "registry.k8s.io";

/** `registry.k8s.io/kube-proxy:v1.36.3`. */
export function kubernetesImage(program: KubernetesProgram, { imageRepository, kubernetesVersion }: Versioned): string {
  return `${imageRepository}/${program}:v${kubernetesVersion}`;
}

export function pauseImage(cluster: Versioned): string {
  return `${cluster.imageRepository}/pause:${minorVersion(cluster.kubernetesVersion).pause}`;
}

export function etcdImage(cluster: Versioned): string {
  return `${cluster.imageRepository}/etcd:${minorVersion(cluster.kubernetesVersion).etcd}`;
}

/** CoreDNS is nested one level deeper in the default repository only (kubeadm/app/images/images.go, v1.36). */
export function coreDnsImage(cluster: Versioned): string {
  const nested = cluster.imageRepository === defaultRepository ? "/coredns" : "";
  return `${cluster.imageRepository}${nested}/coredns:${minorVersion(cluster.kubernetesVersion).coreDns}`;
}

/** Full names of the images with which a host of this role starts: on a control plane those of its static pods. */
export function baseImages(cluster: Cluster, role: Role): readonly string[] {
  if (role === "worker") return [pauseImage(cluster)];
  return [
    pauseImage(cluster),
    etcdImage(cluster),
    kubernetesImage("kube-apiserver", cluster),
    kubernetesImage("kube-controller-manager", cluster),
    kubernetesImage("kube-scheduler", cluster),
  ];
}
