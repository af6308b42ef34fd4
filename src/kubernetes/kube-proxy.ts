import type { V1DaemonSet } from "@kubernetes/client-node";
import { stringify } from "yaml";
import type { KubernetesObject } from "../engine/contracts.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { writeYaml } from "../render/go-yaml.ts";
import { type ObjectResource, object } from "../resources/object.ts";
import { compareObject } from "../resources/object-compare.ts";
import { isApplied, managedFields } from "../resources/object-owners.ts";
import { bootstrapGroup } from "./bootstrap-rbac.ts";
import { account, binding, configHash, configMap, group, mayGet, role, serviceAccount } from "./build.ts";
import { kubeProxyDefaults } from "./component-defaults.ts";
import { kubernetesImage } from "./images.ts";
import { endpointAddress } from "./kubeadm-config.ts";
import { mergeDeep } from "./merge.ts";

const name = "kube-proxy";
const namespace = "kube-system";
const labels = { "k8s-app": name };
const configDir = "/var/lib/kube-proxy";

/**
 * kube-proxy on every node (kubeadm/app/phases/addons/proxy, v1.36). `running` is its ConfigMap as the API shows it: pods that read a
 * configuration of kubeadm's which says the same need not be replaced to read kboot's.
 */
export function kubeProxy(cluster: Cluster, running?: KubernetesObject): readonly ObjectResource[] {
  const config = {
    // without a newline at the end, and the second in this order, as kubeadm writes them
    "config.conf": writeYaml(kubeProxyConfiguration(cluster)).trimEnd(),
    "kubeconfig.conf": stringify(kubeconfig(cluster), { indentSeq: false, lineWidth: 0 }).trimEnd(),
  };
  const wish = configMap({ name, namespace, labels: { app: name } }, config);
  const isRead = running !== undefined && !managedFields(running).some(isApplied) && compareObject(wish, running).length === 0;
  return [
    serviceAccount({ name, namespace }),
    binding({ name: "kubeadm:node-proxier" }, "ClusterRole", "system:node-proxier", [account(namespace, name)]),
    role({ name, namespace }, [mayGet("configmaps", name)]),
    binding({ name, namespace }, "Role", name, [group(bootstrapGroup)]),
    object(wish),
    object(daemonSet(cluster, isRead ? {} : configHash(config)) as unknown as KubernetesObject),
  ];
}

/** KubeProxyConfiguration with the inventory's over it. */
export function kubeProxyConfiguration(cluster: Cluster): Readonly<Record<string, unknown>> {
  const ofCluster = { bindAddress: cluster.serviceSubnet.includes(":") ? "::" : "0.0.0.0", clusterCIDR: cluster.podSubnet };
  return mergeDeep({ ...kubeProxyDefaults(cluster.kubernetesVersion), ...ofCluster }, cluster.kubeProxy);
}

function kubeconfig(cluster: Cluster) {
  const secrets = "/var/run/secrets/kubernetes.io/serviceaccount";
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { cluster: { "certificate-authority": `${secrets}/ca.crt`, server: `https://${endpointAddress(cluster)}` }, name: "default" },
    ],
    contexts: [{ context: { cluster: "default", namespace: "default", user: "default" }, name: "default" }],
    "current-context": "default",
    users: [{ name: "default", user: { tokenFile: `${secrets}/token` } }],
  };
}

function daemonSet(cluster: Cluster, annotations: Readonly<Record<string, string>>): V1DaemonSet {
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name, namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      updateStrategy: { type: "RollingUpdate" },
      template: {
        metadata: { labels, annotations },
        spec: {
          containers: [
            {
              command: ["/usr/local/bin/kube-proxy", `--config=${configDir}/config.conf`, "--hostname-override=$(NODE_NAME)"],
              env: [{ name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }],
              image: kubernetesImage("kube-proxy", cluster),
              imagePullPolicy: "IfNotPresent",
              name,
              securityContext: { privileged: true },
              volumeMounts: [
                { mountPath: configDir, name },
                { mountPath: "/run/xtables.lock", name: "xtables-lock" },
                { mountPath: "/lib/modules", name: "lib-modules", readOnly: true },
              ],
            },
          ],
          hostNetwork: true,
          nodeSelector: { "kubernetes.io/os": "linux" },
          priorityClassName: "system-node-critical",
          serviceAccountName: name,
          tolerations: [{ operator: "Exists" }],
          volumes: [
            { configMap: { name }, name },
            { hostPath: { path: "/run/xtables.lock", type: "FileOrCreate" }, name: "xtables-lock" },
            { hostPath: { path: "/lib/modules" }, name: "lib-modules" },
          ],
        },
      },
    },
  };
}
