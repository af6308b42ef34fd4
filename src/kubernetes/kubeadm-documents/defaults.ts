import { usualBindPort, usualCertificatesDir } from "../../inventory/cluster.ts";
import type { Secret } from "../../secret.ts";
import { bootstrapGroup } from "../bootstrap-rbac.ts";
import { tokenUsages } from "../bootstrap-token.ts";
import { parseDuration, printDuration } from "../duration.ts";
import { criSocket, etcdDataDir } from "../paths.ts";
import type { ClusterConfiguration, InitConfiguration, JoinConfiguration, ResetConfiguration, UpgradeConfiguration } from "./v1beta4.ts";

// What kubeadm fills in where a document says nothing: kubeadm/app/apis/kubeadm/v1beta4/defaults.go and
// kubeadm/app/util/config/initconfiguration.go, v1.36.

/** What is filled in from the machine and the moment. */
export interface LocalValues {
  readonly nodeName: string;
  /** Address at which other machines reach this one; asked for only where no document says it. */
  readonly advertiseAddress: () => string;
  /** For a document without a token. */
  readonly token: Secret;
  readonly kubernetesVersion: string;
  /** Undefined: none, and the kubelet registers with those of its role. */
  readonly taints: NodeRegistration["taints"];
}

type NodeRegistration = NonNullable<InitConfiguration["nodeRegistration"]>;
type BootstrapToken = NonNullable<InitConfiguration["bootstrapTokens"]>[number];
type Timeouts = NonNullable<InitConfiguration["timeouts"]>;

export const controlPlaneTaint = { key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" } as const;

/** Always the two documents of `init`, since each says something of the other. */
export function initWithDefaults(
  init: InitConfiguration = {},
  cluster: ClusterConfiguration = {},
  local: LocalValues,
): {
  readonly InitConfiguration: ReturnType<typeof initOnly>;
  readonly ClusterConfiguration: ReturnType<typeof clusterWithDefaults>;
} {
  const filled = initOnly(init, local);
  return { InitConfiguration: filled, ClusterConfiguration: clusterWithDefaults(cluster, local, filled.localAPIEndpoint.bindPort) };
}

function initOnly(init: InitConfiguration, local: LocalValues) {
  const given = init.bootstrapTokens ?? [];
  return {
    ...init,
    bootstrapTokens: (given.length === 0 ? [{}] : given).map((token) => tokenWithDefaults(token, local)),
    localAPIEndpoint: endpointWithDefaults(init.localAPIEndpoint, local),
    nodeRegistration: nodeWithDefaults(init.nodeRegistration, local),
    timeouts: timeoutsWithDefaults(init.timeouts),
  };
}

/** A token that logs nobody in has no groups. */
function tokenWithDefaults(given: BootstrapToken, local: LocalValues) {
  const { usages = [], groups = [], ttl, ...rest } = given;
  const uses = usages.length === 0 ? [...tokenUsages] : usages;
  const own = groups.length === 0 && uses.includes("authentication") ? [bootstrapGroup] : groups;
  const lifetime = rest.expires === undefined ? { ttl: canonicalDuration(ttl ?? "24h0m0s") } : {};
  return { token: local.token, ...rest, usages: uses, groups: own, ...lifetime };
}

/** `port` is where the API server listens, for an endpoint without one. */
export function clusterWithDefaults(
  cluster: ClusterConfiguration,
  { kubernetesVersion }: Pick<LocalValues, "kubernetesVersion">,
  port = usualBindPort,
) {
  const { external, local } = cluster.etcd ?? {};
  const { controlPlaneEndpoint: endpoint, apiServer = {} } = cluster;
  return {
    ...cluster,
    ...(endpoint === undefined ? {} : { controlPlaneEndpoint: /:\d+$/.test(endpoint) ? endpoint : `${endpoint}:${port}` }),
    apiServer: {
      ...apiServer,
      ...(apiServer.certSANs === undefined ? {} : { certSANs: apiServer.certSANs.map((name) => name.toLowerCase()) }),
    },
    controllerManager: cluster.controllerManager ?? {},
    scheduler: cluster.scheduler ?? {},
    dns: cluster.dns ?? {},
    proxy: cluster.proxy ?? {},
    etcd:
      external === undefined
        ? { local: { dataDir: etcdDataDir, ...local } }
        : { external: { httpEndpoints: external.endpoints, ...external } },
    networking: {
      ...cluster.networking,
      dnsDomain: cluster.networking?.dnsDomain ?? "cluster.local",
      serviceSubnet: cluster.networking?.serviceSubnet ?? "10.96.0.0/12",
    },
    kubernetesVersion: cluster.kubernetesVersion?.replace(/^(?=\d)/, "v") ?? kubernetesVersion,
    certificatesDir: cluster.certificatesDir ?? usualCertificatesDir,
    imageRepository: cluster.imageRepository ?? "registry.k8s.io",
    clusterName: cluster.clusterName ?? "kubernetes",
    encryptionAlgorithm: cluster.encryptionAlgorithm ?? ("RSA-2048" as const),
    certificateValidityPeriod: canonicalDuration(cluster.certificateValidityPeriod ?? "8760h0m0s"),
    caCertificateValidityPeriod: canonicalDuration(cluster.caCertificateValidityPeriod ?? "87600h0m0s"),
  };
}

export function joinWithDefaults(join: JoinConfiguration, local: LocalValues) {
  const { controlPlane, discovery } = join;
  const tlsBootstrapToken = discovery.tlsBootstrapToken ?? discovery.bootstrapToken?.token;
  return {
    ...join,
    caCertPath: join.caCertPath ?? `${usualCertificatesDir}/ca.crt`,
    ...(controlPlane === undefined
      ? {}
      : {
          controlPlane: {
            ...controlPlane,
            localAPIEndpoint: endpointWithDefaults(controlPlane.localAPIEndpoint, local),
          },
        }),
    discovery: { ...discovery, ...(tlsBootstrapToken === undefined ? {} : { tlsBootstrapToken }) },
    nodeRegistration: nodeWithDefaults(join.nodeRegistration, local),
    timeouts: timeoutsWithDefaults(join.timeouts),
  };
}

export function resetWithDefaults(reset: ResetConfiguration = {}) {
  return { certificatesDir: usualCertificatesDir, criSocket, ...reset, timeouts: timeoutsWithDefaults(reset.timeouts) };
}

export function upgradeWithDefaults(upgrade: UpgradeConfiguration = {}) {
  const images = { imagePullPolicy: "IfNotPresent", imagePullSerial: true } as const;
  const changes = { certificateRenewal: true, etcdUpgrade: true, ...images };
  return {
    apply: { ...changes, ...upgrade.apply },
    diff: upgrade.diff ?? {},
    node: { ...changes, ...upgrade.node },
    plan: { etcdUpgrade: true, ...upgrade.plan },
    timeouts: timeoutsWithDefaults(upgrade.timeouts),
  };
}

function endpointWithDefaults(endpoint: InitConfiguration["localAPIEndpoint"], local: LocalValues) {
  return { advertiseAddress: endpoint?.advertiseAddress ?? local.advertiseAddress(), bindPort: endpoint?.bindPort ?? usualBindPort };
}

function nodeWithDefaults(node: NodeRegistration = {}, { nodeName, taints }: LocalValues) {
  const socket = node.criSocket ?? criSocket;
  return {
    imagePullPolicy: "IfNotPresent" as const,
    imagePullSerial: true,
    ...node,
    name: node.name ?? nodeName,
    criSocket: socket.startsWith("/") ? `unix://${socket}` : socket,
    taints: node.taints ?? taints ?? null,
  };
}

function timeoutsWithDefaults(given: Timeouts = {}) {
  const timeouts = {
    controlPlaneComponentHealthCheck: "4m0s",
    discovery: "5m0s",
    etcdAPICall: "2m0s",
    kubeletHealthCheck: "4m0s",
    kubernetesAPICall: "1m0s",
    tlsBootstrap: "5m0s",
    upgradeManifests: "5m0s",
    ...given,
  };
  return Object.fromEntries(Object.entries(timeouts).map(([name, text = "0"]) => [name, canonicalDuration(text)])) as Record<
    keyof Timeouts,
    string
  >;
}

function canonicalDuration(text: string): string {
  return printDuration(parseDuration(text));
}
