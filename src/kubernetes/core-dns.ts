import type { V1Deployment, V1Service } from "@kubernetes/client-node";
import type { KubernetesObject } from "../engine/contracts.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { renderTemplate } from "../render/render.ts";
import { type ObjectResource, object } from "../resources/object.ts";
import { account, binding, configMap, role, serviceAccount } from "./build.ts";
import { coreDnsImage } from "./images.ts";
import { patchObject } from "./patches/apply-patches.ts";
import { dnsAddress } from "./service-address.ts";

const name = "coredns";
const namespace = "kube-system";
const labels = { "k8s-app": "kube-dns" };

/**
 * CoreDNS behind Service kube-dns (kubeadm/app/phases/addons/dns, v1.36). Corefile and replicas are the operator's once set, but for replicas that
 * a patch gives.
 */
export function coreDns(cluster: Cluster): readonly ObjectResource[] {
  const watched = ["list", "watch"];
  const usual = deployment(cluster);
  const patched = patchObject("corednsdeployment", usual, cluster);
  return [
    serviceAccount({ name, namespace }),
    role({ name: "system:coredns" }, [
      { apiGroups: [""], resources: ["endpoints", "services", "pods", "namespaces"], verbs: watched },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: watched },
    ]),
    binding({ name: "system:coredns" }, "ClusterRole", "system:coredns", [account(namespace, name)]),
    object(configMap({ name, namespace }, { Corefile: renderTemplate("Corefile", { dnsDomain: cluster.dnsDomain }) }), {
      keep: ["data.Corefile"],
    }),
    object(service(cluster) as unknown as KubernetesObject),
    object(patched as unknown as KubernetesObject, { keep: patched.spec?.replicas === usual.spec?.replicas ? ["spec.replicas"] : [] }),
  ];
}

function service(cluster: Cluster): V1Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "kube-dns",
      namespace,
      annotations: { "prometheus.io/port": "9153", "prometheus.io/scrape": "true" },
      labels: { ...labels, "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS" },
    },
    spec: {
      clusterIP: dnsAddress(cluster),
      ports: [
        { name: "dns", port: 53, protocol: "UDP", targetPort: 53 },
        { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 53 },
        { name: "metrics", port: 9153, protocol: "TCP", targetPort: 9153 },
      ],
      selector: labels,
    },
  };
}

function deployment(cluster: Cluster): V1Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, labels },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      strategy: { rollingUpdate: { maxUnavailable: 1 }, type: "RollingUpdate" },
      template: {
        metadata: { labels },
        spec: {
          affinity: {
            podAntiAffinity: {
              preferredDuringSchedulingIgnoredDuringExecution: [
                {
                  podAffinityTerm: {
                    labelSelector: { matchExpressions: [{ key: "k8s-app", operator: "In", values: ["kube-dns"] }] },
                    topologyKey: "kubernetes.io/hostname",
                  },
                  weight: 100,
                },
              ],
            },
          },
          containers: [
            {
              args: ["-conf", "/etc/coredns/Corefile"],
              image: coreDnsImage(cluster),
              imagePullPolicy: "IfNotPresent",
              livenessProbe: {
                failureThreshold: 5,
                httpGet: { path: "/health", port: "liveness-probe", scheme: "HTTP" },
                initialDelaySeconds: 60,
                successThreshold: 1,
                timeoutSeconds: 5,
              },
              name,
              ports: [
                { containerPort: 53, name: "dns", protocol: "UDP" },
                { containerPort: 53, name: "dns-tcp", protocol: "TCP" },
                { containerPort: 9153, name: "metrics", protocol: "TCP" },
                { containerPort: 8080, name: "liveness-probe", protocol: "TCP" },
                { containerPort: 8181, name: "readiness-probe", protocol: "TCP" },
              ],
              readinessProbe: { httpGet: { path: "/ready", port: "readiness-probe", scheme: "HTTP" } },
              resources: { limits: { memory: "170Mi" }, requests: { cpu: "100m", memory: "70Mi" } },
              securityContext: {
                allowPrivilegeEscalation: false,
                capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] },
                readOnlyRootFilesystem: true,
              },
              volumeMounts: [{ mountPath: "/etc/coredns", name: "config-volume", readOnly: true }],
            },
          ],
          dnsPolicy: "Default",
          nodeSelector: { "kubernetes.io/os": "linux" },
          priorityClassName: "system-cluster-critical",
          serviceAccountName: name,
          tolerations: [
            { key: "CriticalAddonsOnly", operator: "Exists" },
            { effect: "NoSchedule", key: "node-role.kubernetes.io/control-plane" },
          ],
          volumes: [{ configMap: { items: [{ key: "Corefile", path: "Corefile" }], name }, name: "config-volume" }],
        },
      },
    },
  };
}
