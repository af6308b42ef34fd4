import type { V1DaemonSet } from "@kubernetes/client-node";
import type { KubernetesObject } from "../../engine/contracts.ts";
import type { Cluster, FlannelNetwork } from "../../inventory/cluster.ts";
import { account, binding, configHash, configMap, role, serviceAccount } from "../../kubernetes/build.ts";
import { cniBinDir, cniConfDir } from "../../kubernetes/paths.ts";
import { type ObjectResource, object } from "../../resources/object.ts";

/** The CNI plug-in is released apart from Flannel itself. */
const cniPluginTag = "v1.6.2-flannel1";
const namespace = "kube-flannel";
const name = "flannel";
const labels = { app: "flannel", "k8s-app": "flannel", tier: "node" };

export function flannelImages({ registry, version }: FlannelNetwork): { readonly daemon: string; readonly cniPlugin: string } {
  return { daemon: `${registry}/flannel:v${version}`, cniPlugin: `${registry}/flannel-cni-plugin:${cniPluginTag}` };
}

export function flannelObjects(cluster: Pick<Cluster, "podSubnet">, settings: FlannelNetwork): readonly ObjectResource[] {
  const config = flannelConfig(cluster.podSubnet, settings);
  return [
    object({
      apiVersion: "v1",
      kind: "Namespace",
      // the daemon shares the node's network, which the default level forbids
      metadata: { name: namespace, labels: { "k8s-app": "flannel", "pod-security.kubernetes.io/enforce": "privileged" } },
    }),
    role({ name, labels: { "k8s-app": "flannel" } }, [
      { apiGroups: [""], resources: ["pods"], verbs: ["get"] },
      { apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch"] },
      { apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"] },
    ]),
    binding({ name, labels: { "k8s-app": "flannel" } }, "ClusterRole", name, [account(namespace, name)]),
    serviceAccount({ name, namespace, labels: { "k8s-app": "flannel" } }),
    object(configMap({ name: "kube-flannel-cfg", namespace, labels }, config)),
    object(daemonSet(settings, config) as unknown as KubernetesObject),
  ];
}

function flannelConfig(podSubnet: string, { backend }: FlannelNetwork): Readonly<Record<string, string>> {
  const family = podSubnet.includes(":") ? { EnableIPv4: false, EnableIPv6: true, IPv6Network: podSubnet } : { Network: podSubnet };
  return {
    "cni-conf.json": json({
      name: "cbr0",
      cniVersion: "0.3.1",
      plugins: [
        { type: "flannel", delegate: { hairpinMode: true, isDefaultGateway: true } },
        { type: "portmap", capabilities: { portMappings: true } },
      ],
    }),
    "net-conf.json": json({ ...family, Backend: { Type: backend } }),
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function daemonSet(settings: FlannelNetwork, config: Readonly<Record<string, string>>): V1DaemonSet {
  const images = flannelImages(settings);
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "kube-flannel-ds", namespace, labels },
    spec: {
      selector: { matchLabels: { app: "flannel" } },
      template: {
        metadata: { labels: { app: "flannel", tier: "node" }, annotations: configHash(config) },
        spec: {
          hostNetwork: true,
          nodeSelector: { "kubernetes.io/os": "linux" },
          priorityClassName: "system-node-critical",
          serviceAccountName: name,
          tolerations: [{ effect: "NoSchedule", operator: "Exists" }],
          initContainers: [
            {
              name: "install-cni-plugin",
              image: images.cniPlugin,
              imagePullPolicy: "IfNotPresent",
              command: ["cp"],
              args: ["-f", "/flannel", "/opt/cni/bin/flannel"],
              volumeMounts: [{ name: "cni-plugin", mountPath: "/opt/cni/bin" }],
            },
            {
              name: "install-cni",
              image: images.daemon,
              imagePullPolicy: "IfNotPresent",
              command: ["cp"],
              args: ["-f", "/etc/kube-flannel/cni-conf.json", "/etc/cni/net.d/10-flannel.conflist"],
              volumeMounts: [
                { name: "cni", mountPath: "/etc/cni/net.d" },
                { name: "flannel-cfg", mountPath: "/etc/kube-flannel/" },
              ],
            },
          ],
          containers: [
            {
              name: "kube-flannel",
              image: images.daemon,
              imagePullPolicy: "IfNotPresent",
              command: ["/opt/bin/flanneld"],
              // the node's address, so that a host with several cards does not talk over the one of its default route
              args: ["--ip-masq", "--kube-subnet-mgr", "--iface=$(HOST_IP)"],
              // the CNI plug-in refuses pods until flanneld has written this file
              readinessProbe: { exec: { command: ["test", "-s", "/run/flannel/subnet.env"] }, periodSeconds: 1 },
              resources: { requests: { cpu: "100m", memory: "50Mi" } },
              securityContext: { privileged: false, capabilities: { add: ["NET_ADMIN", "NET_RAW"] } },
              env: [
                { name: "HOST_IP", valueFrom: { fieldRef: { fieldPath: "status.hostIP" } } },
                { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
                { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
                { name: "EVENT_QUEUE_DEPTH", value: "5000" },
              ],
              volumeMounts: [
                { name: "run", mountPath: "/run/flannel" },
                { name: "flannel-cfg", mountPath: "/etc/kube-flannel/" },
                { name: "xtables-lock", mountPath: "/run/xtables.lock" },
              ],
            },
          ],
          volumes: [
            { name: "run", hostPath: { path: "/run/flannel", type: "DirectoryOrCreate" } },
            { name: "cni-plugin", hostPath: { path: cniBinDir, type: "DirectoryOrCreate" } },
            { name: "cni", hostPath: { path: cniConfDir, type: "DirectoryOrCreate" } },
            { name: "flannel-cfg", configMap: { name: "kube-flannel-cfg" } },
            { name: "xtables-lock", hostPath: { path: "/run/xtables.lock", type: "FileOrCreate" } },
          ],
        },
      },
    },
  };
}
