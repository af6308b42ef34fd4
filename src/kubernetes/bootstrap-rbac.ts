import type { ObjectResource } from "../resources/object.ts";
import { binding, group, mayGet, role, user } from "./build.ts";

/** The group of kubeadm's bootstrap tokens, which joining nodes belong to. */
export const bootstrapGroup = "system:bootstrappers:kubeadm:default-node-token";
const nodesGroup = "system:nodes";

/** What administrators, joining nodes and the API server itself may do (kubeadm/app/phases/{bootstraptoken,kubeconfig,uploadconfig,kubelet}, v1.36). */
export function bootstrapRbac(): readonly ObjectResource[] {
  const bootstrappers = group(bootstrapGroup);
  const nodes = group(nodesGroup);
  const clientCertificates = "system:certificates.k8s.io:certificatesigningrequests";
  // subjects in kubeadm's order, which counts when comparing
  const readConfig = (name: string, configMap: string, subjects: Parameters<typeof binding>[3]) => [
    role({ name, namespace: "kube-system" }, [mayGet("configmaps", configMap)]),
    binding({ name, namespace: "kube-system" }, "Role", name, subjects),
  ];
  const bindCluster = (name: string, clusterRole: string, subject: ReturnType<typeof group>) =>
    binding({ name }, "ClusterRole", clusterRole, [subject]);
  return [
    bindCluster("kubeadm:cluster-admins", "cluster-admin", group("kubeadm:cluster-admins")),
    // since the patches of May 2026 the API server's certificate for kubelets is in no group
    bindCluster("kubeadm:apiserver-kubelet-client", "system:kubelet-api-admin", user("kube-apiserver-kubelet-client")),
    bindCluster("kubeadm:kubelet-bootstrap", "system:node-bootstrapper", bootstrappers),
    bindCluster("kubeadm:node-autoapprove-bootstrap", `${clientCertificates}:nodeclient`, bootstrappers),
    bindCluster("kubeadm:node-autoapprove-certificate-rotation", `${clientCertificates}:selfnodeclient`, nodes),
    role({ name: "kubeadm:get-nodes" }, [{ apiGroups: [""], resources: ["nodes"], verbs: ["get"] }]),
    bindCluster("kubeadm:get-nodes", "kubeadm:get-nodes", bootstrappers),
    ...readConfig("kubeadm:nodes-kubeadm-config", "kubeadm-config", [bootstrappers, nodes]),
    ...readConfig("kubeadm:kubelet-config", "kubelet-config", [nodes, bootstrappers]),
  ];
}
