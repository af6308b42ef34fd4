import type { V1Container, V1DaemonSet, V1EnvVar } from "@kubernetes/client-node";
import type { KubernetesObject } from "../../engine/contracts.ts";
import type { Cluster, ExtraArg, WeaveNetwork } from "../../inventory/cluster.ts";
import { account, binding, configMap, role, serviceAccount } from "../../kubernetes/build.ts";
import { type ObjectResource, object } from "../../resources/object.ts";

const name = "weave-net";
const namespace = "kube-system";
const labels = { name };
const passwordKey = "password";

/** Where the CNI plug-in finds weaver unless it is told otherwise. */
export const defaultHttpAddress = "127.0.0.1:6784";

/** Fits an underlay of 1500 bytes in every mode. Left alone, sleeve gives pods 65535 and loses the first packet that is too large. */
const sleeveMtu = 1376;

/** Images by what runs in them; without policies there is no second one. */
export function weaveImages({ registry, version, networkPolicy }: WeaveNetwork): { readonly weave: string; readonly policy?: string } {
  return { weave: `${registry}/weave-kube:${version}`, ...(networkPolicy ? { policy: `${registry}/weave-npc:${version}` } : {}) };
}

/** Everything that Weave Net has in the cluster. */
export function weaveObjects(
  cluster: Pick<Cluster, "podSubnet">,
  settings: WeaveNetwork,
  fastDatapath: boolean,
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
    ...(settings.encryption
      ? [
          object(
            { apiVersion: "v1", kind: "Secret", metadata: { name, namespace, labels } },
            { secrets: { [passwordKey]: settings.password } },
          ),
        ]
      : []),
    object(daemonSet(cluster.podSubnet, settings, fastDatapath) as unknown as KubernetesObject),
  ];
}

/** Variables of container `weave`, beside those of every container. */
function weaveEnvironment(podSubnet: string, settings: WeaveNetwork, fastDatapath: boolean): V1EnvVar[] {
  const { networkPolicy, metricsAddress, trustedSubnets, extraArgs, httpAddress } = settings;
  const mtu = settings.mtu ?? (fastDatapath ? undefined : sleeveMtu);
  const trusted = trustedSubnets.length === 0 ? [] : [{ name: "trusted-subnets", value: trustedSubnets.join(",") }];
  return [
    { name: "INIT_CONTAINER", value: "true" },
    ...variable("CHECKPOINT_DISABLE", settings.checkForUpdates ? undefined : "1"),
    { name: "IPALLOC_RANGE", value: podSubnet },
    // any text switches it off, and an empty one is none
    ...variable("WEAVE_NO_FASTDP", fastDatapath ? undefined : "1"),
    ...variable("WEAVE_MTU", mtu),
    ...(settings.encryption ? [{ name: "WEAVE_PASSWORD", valueFrom: { secretKeyRef: { name, key: passwordKey } } }] : []),
    // without weave-npc its rules would drop all that comes to pods
    ...variable("EXPECT_NPC", networkPolicy ? undefined : "0"),
    ...variable("NO_MASQ_LOCAL", settings.noMasqLocal ? undefined : "0"),
    { name: "CONN_LIMIT", value: `${settings.connectionLimit}` },
    ...variable("IPALLOC_INIT", settings.ipallocInit),
    ...variable("KUBE_PEERS", settings.peers.length === 0 ? undefined : settings.peers.join(" ")),
    ...variable("WEAVE_EXPOSE_IP", settings.exposeAddress),
    ...variable("WEAVE_HTTP_ADDR", httpAddress === defaultHttpAddress ? undefined : httpAddress),
    { name: "WEAVE_METRICS_ADDR", value: metricsAddress ?? "$(NODE_ADDRESS):6782" },
    ...variable("WEAVE_STATUS_ADDR", settings.statusAddress),
    ...variable("EXTRA_ARGS", flags([...trusted, ...extraArgs])),
  ];
}

function variable(key: string, value: string | number | undefined): V1EnvVar[] {
  return value === undefined ? [] : [{ name: key, value: `${value}` }];
}

function flags(args: readonly ExtraArg[]): string | undefined {
  return args.length === 0 ? undefined : args.map((arg) => `--${arg.name}=${arg.value}`).join(" ");
}

/** weave-npc listens on all addresses and logs every packet it judges, unless it is told otherwise. */
function policyFlags(given: readonly ExtraArg[]): string | undefined {
  const own = [
    { name: "metrics-addr", value: "$(NODE_ADDRESS):6781" },
    { name: "log-level", value: "info" },
  ];
  return flags([...own.filter((arg) => !given.some((other) => other.name === arg.name)), ...given]);
}

/**
 * The CNI plug-in and its configuration are written only where there are none, so those of another version or setting go first. The node
 * takes no new pods in between, a second or two.
 */
const initScript =
  "rm -f /host/opt/cni/bin/weave-* /host/home/kubernetes/bin/weave-* /host/etc/cni/net.d/10-weave.conf* && exec /home/weave/init.sh";

function daemonSet(podSubnet: string, settings: WeaveNetwork, fastDatapath: boolean): V1DaemonSet {
  const images = weaveImages(settings);
  const { hairpinMode, networkPolicy, iptablesBackend, debug, httpAddress } = settings;
  const [httpHost, httpPort] = httpAddress.split(":");
  const ofDebug = variable("WEAVE_DEBUG", debug ? "1" : undefined);
  const both: V1EnvVar[] = [
    { name: "HOSTNAME", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "spec.nodeName" } } },
    { name: "NODE_ADDRESS", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "status.hostIP" } } },
    // guessing from the rules on an empty host picks legacy for one container and nft for the other
    { name: "IPTABLES_BACKEND", value: iptablesBackend },
    ...ofDebug,
  ];
  const lock = { name: "xtables-lock", mountPath: "/run/xtables.lock" };
  const policy: V1Container = {
    name: "weave-npc",
    ...(images.policy === undefined ? {} : { image: images.policy }),
    imagePullPolicy: "IfNotPresent",
    env: [...both, ...variable("EXTRA_ARGS", policyFlags(settings.policyExtraArgs))],
    resources: { requests: { cpu: "50m" } },
    securityContext: { privileged: true },
    volumeMounts: [lock],
  };
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
              command: ["sh", "-c", initScript],
              env: [
                { name: "HAIRPIN_MODE", value: `${hairpinMode}` },
                ...variable("EXPECT_NPC", networkPolicy ? undefined : "0"),
                ...ofDebug,
              ],
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
              env: [...both, ...weaveEnvironment(podSubnet, settings, fastDatapath)],
              readinessProbe: { httpGet: { host: httpHost ?? "", path: "/status", port: Number(httpPort) } },
              resources: { requests: { cpu: "50m" } },
              securityContext: { privileged: true },
              volumeMounts: [
                { name: "weavedb", mountPath: "/weavedb" },
                { name: "dbus", mountPath: "/host/var/lib/dbus", readOnly: true },
                { name: "machine-id", mountPath: "/host/etc/machine-id", readOnly: true },
                lock,
              ],
            },
            ...(networkPolicy ? [policy] : []),
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
