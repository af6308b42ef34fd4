import { KbootError } from "../errors.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { resolveCluster } from "../inventory/resolve.ts";
import type { RunningCluster } from "../kubeadm/running-cluster.ts";
import { specOfKubeadm } from "../kubeadm/to-inventory.ts";
import { type Endpoint, endpointOf } from "../kubernetes/endpoint.ts";
import { kbootConfigName, readKbootConfig } from "../kubernetes/kboot-config.ts";
import type { KubeadmDocuments } from "../kubernetes/kubeadm-documents/parse.ts";
import { judgeKubeletVersion } from "../kubernetes/kubelet-skew.ts";
import { supportedMinors } from "../kubernetes/versions.ts";

const file = "/etc/kubernetes/kboot.yaml";

/**
 * The cluster that a joining machine is told of: by ConfigMap kboot-config, else by those of kubeadm, whose pod network is its owner's. `server` is the
 * API's URL as the cluster names it, `apiVersion` what it runs, where it says. Throws KbootError `discovery` where nothing tells what the cluster
 * is, and for a version that this kboot does not know, `kubelet-version` for one of which no kubelet can join this API server.
 */
export function publishedCluster(
  { kbootConfig, documents }: Omit<RunningCluster, "nodes">,
  { server, apiVersion }: { readonly server: string; readonly apiVersion: string | undefined },
): Cluster {
  const own = readKbootConfig(kbootConfig ?? {});
  if (own === undefined && kbootConfig?.["inventory.yaml"] !== undefined) {
    throw new KbootError("discovery", "the cluster's ConfigMap kboot-config holds an inventory that this kboot cannot read", {
      hint: "it may be of a newer kboot: join with that one",
    });
  }
  const cluster = own ?? ofKubeadm(documents(), endpointOf(server));
  if (cluster === undefined) {
    throw new KbootError(
      "discovery",
      "the cluster does not say what it is: neither kboot-config nor kubeadm-config in kube-system can be read",
      {
        hint: "may the token's group read them? kboot and kubeadm give system:bootstrappers:kubeadm:default-node-token that right",
      },
    );
  }
  const { kubernetesVersion } = cluster;
  if (!supportedMinors.some((minor) => kubernetesVersion.startsWith(`${minor}.`))) {
    throw new KbootError(
      "discovery",
      `the cluster runs Kubernetes ${kubernetesVersion || "of no known version"}, and this kboot brings ${supportedMinors.join(", ")}`,
      {
        hint: "a kubelet must be no newer than the API server: join with a kboot that knows that version, or with kubeadm",
      },
    );
  }
  const skew = apiVersion === undefined ? undefined : judgeKubeletVersion(kubernetesVersion, apiVersion);
  if (skew === undefined) return cluster;
  throw new KbootError("kubelet-version", `${skew}, and the cluster's ConfigMaps ask for that kubelet`, {
    hint: `kubectl -n kube-system get configmap ${kbootConfigName} kubeadm-config -o yaml: kubernetesVersion there has to say what the API server runs`,
  });
}

function ofKubeadm(documents: KubeadmDocuments, endpoint: Endpoint | undefined): Cluster | undefined {
  if (documents.ClusterConfiguration === undefined) return undefined;
  const { spec } = specOfKubeadm(documents, { file });
  const { audit: _audit, ...rest } = spec;
  return resolveCluster(
    {
      apiVersion: "kboot.dev/v1alpha1",
      kind: "Cluster",
      metadata: { name: "kubernetes" },
      spec: { kubernetesVersion: "", apiEndpoint: endpoint ?? {}, ...rest, network: { plugin: "none" }, hosts: [] },
    },
    { file, home: "/root" },
  );
}
