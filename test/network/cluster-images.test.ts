import test from "ava";
import { imagesFor } from "../../src/network/cluster-images.ts";
import { testCluster } from "../kubernetes/fixture.ts";

test("a control plane needs all images", (t) => {
  t.deepEqual(imagesFor(testCluster(), "control-plane"), [
    "registry.k8s.io/pause:3.10.2",
    "registry.k8s.io/etcd:3.6.8-0",
    "registry.k8s.io/kube-apiserver:v1.36.3",
    "registry.k8s.io/kube-controller-manager:v1.36.3",
    "registry.k8s.io/kube-scheduler:v1.36.3",
    "registry.k8s.io/kube-proxy:v1.36.3",
    "registry.k8s.io/coredns/coredns:v1.14.2",
    "ghcr.io/flannel-io/flannel:v0.26.7",
    "ghcr.io/flannel-io/flannel-cni-plugin:v1.6.2-flannel1",
  ]);
});

test("a worker needs those of its pods", (t) => {
  t.deepEqual(imagesFor(testCluster({ network: { plugin: "none" } }), "worker"), [
    "registry.k8s.io/pause:3.10.2",
    "registry.k8s.io/kube-proxy:v1.36.3",
    "registry.k8s.io/coredns/coredns:v1.14.2",
  ]);
});

test("in another repository CoreDNS is not nested", (t) => {
  const cluster = testCluster({ imageRepository: "registry.example.com/k8s", kubernetesVersion: "1.34.4", network: { plugin: "none" } });
  t.deepEqual(imagesFor(cluster, "worker"), [
    "registry.example.com/k8s/pause:3.10.1",
    "registry.example.com/k8s/kube-proxy:v1.34.4",
    "registry.example.com/k8s/coredns:v1.12.1",
  ]);
});
