import type { V1DaemonSet, V1EnvVar } from "@kubernetes/client-node";
import type { KubernetesObject } from "../../engine/contracts.ts";
import type { Cluster } from "../../inventory/cluster.ts";
import { account, binding, configMap, role, serviceAccount } from "../../kubernetes/build.ts";
import { type ObjectResource, object } from "../../resources/object.ts";
import type { WeaveSettings } from "./weave-net.ts";

const name = "weave-net";
const namespace = "kube-system";
const labels = { name };

/** Fits an underlay of 1500 bytes in every mode. Left alone, sleeve gives pods 65535 and loses the first packet that is too large. */
const sleeveMtu = 1376;

export function weaveImages({ registry, version }: WeaveSettings): { readonly weave: string; readonly policy: string } {
  return { weave: `${registry}/weave-kube:${version}`, policy: `${registry}/weave-npc:${version}` };
}

export function weaveObjects(
  cluster: Pick<Cluster, "podSubnet">,
  settings: WeaveSettings,
  mode: { /** Every node's kernel has openvswitch and vxlan. */ readonly fastDatapath: boolean },
): readonly ObjectResource[] {
  const read = ["get", "list", "watch"];
  return [
    serviceAccount({ name, namespace, labels }),
    role({ name, labels }, [
      { apiGroups: [""], resources: ["pods", "namespaces", "nodes"], verbs: read },
      { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: read },
      { apiGroups: [""], resources: ["nodes/status"], verbs: ["patch", "update"] },
    ]),
    binding({ name, labels }, "ClusterRole", name, [account(namespace, name)]),
    role({ name, namespace, labels }, [
      { apiGroups: [""], resourceNames: [name], resources: ["configmaps"], verbs: ["get", "update"] },
      { apiGroups: [""], resources: ["configmaps"], verbs: ["create"] },
    ]),
    binding({ name, namespace, labels }, "Role", name, [account(namespace, name)]),
    // Weave keeps its list of peers in annotations of it, and fails once when it is not there
    object(configMap({ name, namespace, labels }, {})),
    object(daemonSet(cluster.podSubnet, settings, mode.fastDatapath) as unknown as KubernetesObject),
  ];
}

function environment(podSubnet: string, { mtu }: WeaveSettings, fastDatapath: boolean): V1EnvVar[] {
  const chosenMtu = mtu ?? (fastDatapath ? undefined : sleeveMtu);
  return [
    { name: "INIT_CONTAINER", value: "true" },
    { name: "CHECKPOINT_DISABLE", value: "1" },
    { name: "IPALLOC_RANGE", value: podSubnet },
    // where only some kernels have openvswitch, or lose it, a restarted Weave refuses the bridge it made before
    ...(fastDatapath ? [] : [{ name: "WEAVE_NO_FASTDP", value: "1" }]),
    ...(chosenMtu === undefined ? [] : [{ name: "WEAVE_MTU", value: `${chosenMtu}` }]),
  ];
}

function daemonSet(podSubnet: string, settings: WeaveSettings, fastDatapath: boolean): V1DaemonSet {
  const images = weaveImages(settings);
  const both: V1EnvVar[] = [
    { name: "HOSTNAME", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "spec.nodeName" } } },
    // guessing from the rules on an empty host picks legacy for one container and nft for the other
    { name: "IPTABLES_BACKEND", value: "nft" },
  ];
  const lock = { name: "xtables-lock", mountPath: "/run/xtables.lock" };
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name, namespace, labels },
    spec: {
      minReadySeconds: 5,
      selector: { matchLabels: labels },
      updateStrategy: { type: "RollingUpdate" },
      template: {
        metadata: { labels },
        spec: {
          dnsPolicy: "ClusterFirstWithHostNet",
          hostNetwork: true,
          nodeSelector: { "kubernetes.io/os": "linux" },
          priorityClassName: "system-node-critical",
          serviceAccountName: name,
          tolerations: [
            { effect: "NoSchedule", operator: "Exists" },
            { effect: "NoExecute", operator: "Exists" },
          ],
          initContainers: [
            {
              name: "weave-init",
              image: images.weave,
              imagePullPolicy: "IfNotPresent",
              command: ["/home/weave/init.sh"],
              securityContext: { privileged: true },
              volumeMounts: [
                { name: "cni-bin", mountPath: "/host/opt" },
                { name: "cni-bin2", mountPath: "/host/home" },
                { name: "cni-conf", mountPath: "/host/etc" },
                { name: "lib-modules", mountPath: "/lib/modules" },
                lock,
              ],
            },
          ],
          containers: [
            {
              name: "weave",
              image: images.weave,
              imagePullPolicy: "IfNotPresent",
              command: ["/home/weave/launch.sh"],
              env: [...both, ...environment(podSubnet, settings, fastDatapath)],
              readinessProbe: { httpGet: { host: "127.0.0.1", path: "/status", port: 6784 } },
              resources: { requests: { cpu: "50m" } },
              securityContext: { privileged: true },
              volumeMounts: [
                { name: "weavedb", mountPath: "/weavedb" },
                { name: "dbus", mountPath: "/host/var/lib/dbus", readOnly: true },
                { name: "machine-id", mountPath: "/host/etc/machine-id", readOnly: true },
                lock,
              ],
            },
            {
              name: "weave-npc",
              image: images.policy,
              imagePullPolicy: "IfNotPresent",
              env: both,
              resources: { requests: { cpu: "50m" } },
              securityContext: { privileged: true },
              volumeMounts: [lock],
            },
          ],
          volumes: [
            { name: "weavedb", hostPath: { path: "/var/lib/weave" } },
            { name: "cni-bin", hostPath: { path: "/opt" } },
            { name: "cni-bin2", hostPath: { path: "/home" } },
            { name: "cni-conf", hostPath: { path: "/etc" } },
            // without the type a missing file would be made a directory
            { name: "machine-id", hostPath: { path: "/etc/machine-id", type: "File" } },
            { name: "dbus", hostPath: { path: "/var/lib/dbus" } },
            { name: "lib-modules", hostPath: { path: "/lib/modules" } },
            { name: "xtables-lock", hostPath: { path: "/run/xtables.lock", type: "FileOrCreate" } },
          ],
        },
      },
    },
  };
}
