import type { Cluster } from "../inventory/cluster.ts";
import { writeYaml } from "../render/go-yaml.ts";
import { type ObjectResource, object } from "../resources/object.ts";
import { binding, configMap, mayGet, role, user } from "./build.ts";
import { endpointAddress } from "./kubeadm-config.ts";

const roleName = "kubeadm:bootstrap-signer-clusterinfo";
const namespace = "kube-public";

/**
 * ConfigMap cluster-info, by which joining nodes learn endpoint and CA, readable without a credential.
 * kube-controller-manager adds a signature for each bootstrap token. `caCert` is PEM and may hold several certificates.
 */
export function clusterInfo(cluster: Pick<Cluster, "endpoint">, caCert: string): readonly ObjectResource[] {
  const kubeconfig = {
    apiVersion: "v1",
    clusters: [
      {
        cluster: {
          "certificate-authority-data": Buffer.from(caCert).toString("base64"),
          server: `https://${endpointAddress(cluster)}`,
        },
        name: "",
      },
    ],
    contexts: null,
    "current-context": "",
    kind: "Config",
    users: null,
  };
  return [
    object(configMap({ name: "cluster-info", namespace }, { kubeconfig: writeYaml(kubeconfig) })),
    role({ name: roleName, namespace }, [mayGet("configmaps", "cluster-info")]),
    binding({ name: roleName, namespace }, "Role", roleName, [user("system:anonymous")]),
  ];
}
