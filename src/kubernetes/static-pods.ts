import type { V1Pod, V1Probe, V1Volume } from "@kubernetes/client-node";
import type { Facts } from "../host/facts.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { commandArguments, extraValue } from "./arguments.ts";
import { apiServerArguments, auditVolumes } from "./audit.ts";
import { etcdImage, kubernetesImage } from "./images.ts";
import { etcdDataDir, kubernetesDir } from "./paths.ts";
import { minorVersion } from "./versions.ts";

/** What a control plane's static pods are computed from. */
export interface ControlPlaneNode {
  readonly cluster: Cluster;
  readonly nodeName: string;
  /** The node's own address, on which API and etcd are reached. */
  readonly nodeAddress: string;
  readonly facts: Pick<Facts, "directories">;
}

/** Directories that certificates in /etc/ssl/certs may link to: mounted where they exist (kubeadm/app/phases/controlplane/volumes.go, v1.36). */
export const certificateDirectories = [
  "/etc/pki/ca-trust",
  "/etc/pki/tls/certs",
  "/etc/ca-certificates",
  "/usr/share/ca-certificates",
  "/usr/local/share/ca-certificates",
] as const;

const flexVolumeDir = "/usr/libexec/kubernetes/kubelet-plugins/volume/exec";

function hostPort(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function loopback(nodeAddress: string): string {
  return nodeAddress.includes(":") ? "::1" : "127.0.0.1";
}

/** The URL under which other control planes reach this node's etcd. */
function etcdClientUrl(nodeAddress: string): string {
  return `https://${hostPort(nodeAddress, 2379)}`;
}

function etcdPeerUrl(nodeAddress: string): string {
  return `https://${hostPort(nodeAddress, 2380)}`;
}

/**
 * The Pod of etcd. `initialCluster` is given when joining: `name=peerUrl` of every member, this one included, joined by commas.
 */
export function etcdPod({ cluster, nodeName, nodeAddress }: ControlPlaneNode, initialCluster?: string): V1Pod {
  const pki = `${cluster.certificatesDir}/etcd`;
  const clientUrl = etcdClientUrl(nodeAddress);
  const peerUrl = etcdPeerUrl(nodeAddress);
  const local = loopback(nodeAddress);
  const probe = etcdProbe(extraValue(cluster.extraArgs.etcd, "listen-metrics-urls"), local);
  const defaults = {
    "advertise-client-urls": clientUrl,
    "cert-file": `${pki}/server.crt`,
    "client-cert-auth": "true",
    "data-dir": etcdDataDir,
    "feature-gates": "InitialCorruptCheck=true",
    "initial-advertise-peer-urls": peerUrl,
    "initial-cluster": initialCluster ?? `${nodeName}=${peerUrl}`,
    ...(initialCluster === undefined ? {} : { "initial-cluster-state": "existing" }),
    "key-file": `${pki}/server.key`,
    "listen-client-urls": `https://${hostPort(local, 2379)},${clientUrl}`,
    "listen-metrics-urls": `http://${hostPort(local, 2381)}`,
    "listen-peer-urls": peerUrl,
    name: nodeName,
    "peer-cert-file": `${pki}/peer.crt`,
    "peer-client-cert-auth": "true",
    "peer-key-file": `${pki}/peer.key`,
    "peer-trusted-ca-file": `${pki}/ca.crt`,
    "snapshot-count": "10000",
    "trusted-ca-file": `${pki}/ca.crt`,
    "watch-progress-notify-interval": "5s",
  };
  return staticPod({
    name: "etcd",
    image: etcdImage(cluster),
    arguments: commandArguments(defaults, cluster.extraArgs.etcd),
    annotations: { "kubeadm.kubernetes.io/etcd.advertise-client-urls": clientUrl },
    requests: { cpu: "100m", memory: "100Mi" },
    probe,
    paths: { liveness: "/livez", readiness: "/readyz", startup: "/readyz" },
    volumes: [
      { name: "etcd-data", path: etcdDataDir, type: "DirectoryOrCreate", readOnly: false },
      { name: "etcd-certs", path: pki, type: "DirectoryOrCreate", readOnly: false },
    ],
  });
}

export function kubeApiServerPod({ cluster, nodeAddress, facts }: ControlPlaneNode): V1Pod {
  const pki = cluster.certificatesDir;
  const extra = apiServerArguments(cluster);
  const defaults = {
    "advertise-address": nodeAddress,
    "allow-privileged": "true",
    ...(extraValue(extra, "authorization-config") === undefined ? { "authorization-mode": "Node,RBAC" } : {}),
    "client-ca-file": `${pki}/ca.crt`,
    "enable-admission-plugins": "NodeRestriction",
    "enable-bootstrap-token-auth": "true",
    "etcd-cafile": `${pki}/etcd/ca.crt`,
    "etcd-certfile": `${pki}/apiserver-etcd-client.crt`,
    "etcd-keyfile": `${pki}/apiserver-etcd-client.key`,
    "etcd-servers": extraValue(cluster.extraArgs.etcd, "advertise-client-urls") ?? `https://${hostPort(loopback(nodeAddress), 2379)}`,
    "kubelet-client-certificate": `${pki}/apiserver-kubelet-client.crt`,
    "kubelet-client-key": `${pki}/apiserver-kubelet-client.key`,
    "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
    "proxy-client-cert-file": `${pki}/front-proxy-client.crt`,
    "proxy-client-key-file": `${pki}/front-proxy-client.key`,
    "requestheader-allowed-names": "front-proxy-client",
    "requestheader-client-ca-file": `${pki}/front-proxy-ca.crt`,
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-username-headers": "X-Remote-User",
    "secure-port": `${cluster.bindPort}`,
    "service-account-issuer": `https://kubernetes.default.svc.${cluster.dnsDomain}`,
    "service-account-key-file": `${pki}/sa.pub`,
    "service-account-signing-key-file": `${pki}/sa.key`,
    "service-cluster-ip-range": cluster.serviceSubnet,
    "tls-cert-file": `${pki}/apiserver.crt`,
    "tls-private-key-file": `${pki}/apiserver.key`,
  };
  return staticPod({
    name: "kube-apiserver",
    image: kubernetesImage("kube-apiserver", cluster),
    arguments: commandArguments(defaults, extra),
    annotations: { "kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint": hostPort(nodeAddress, cluster.bindPort) },
    requests: { cpu: "250m" },
    probe: { host: nodeAddress, port: cluster.bindPort, scheme: "HTTPS" },
    paths: { liveness: "/livez", readiness: "/readyz", startup: "/livez" },
    volumes: sortByName([...certificateVolumes(cluster, facts), ...auditVolumes(cluster)]),
  });
}

/** Where the cluster's CA is external, it signs nothing (kubeadm/app/phases/controlplane/manifests.go, v1.36). */
export function kubeControllerManagerPod({ cluster, facts }: ControlPlaneNode, { hasExternalCa = false } = {}): V1Pod {
  const pki = cluster.certificatesDir;
  const kubeconfig = `${kubernetesDir}/controller-manager.conf`;
  const extra = cluster.extraArgs.controllerManager;
  const defaults = {
    "allocate-node-cidrs": "true",
    "authentication-kubeconfig": kubeconfig,
    "authorization-kubeconfig": kubeconfig,
    "bind-address": "127.0.0.1",
    "client-ca-file": `${pki}/ca.crt`,
    "cluster-cidr": cluster.podSubnet,
    "cluster-name": "kubernetes",
    "cluster-signing-cert-file": hasExternalCa ? "" : `${pki}/ca.crt`,
    "cluster-signing-key-file": hasExternalCa ? "" : `${pki}/ca.key`,
    controllers: "*,bootstrapsigner,tokencleaner",
    kubeconfig,
    "leader-elect": "true",
    "requestheader-client-ca-file": `${pki}/front-proxy-ca.crt`,
    "root-ca-file": `${pki}/ca.crt`,
    "service-account-private-key-file": `${pki}/sa.key`,
    "service-cluster-ip-range": cluster.serviceSubnet,
    "use-service-account-credentials": "true",
  };
  const flexVolume: readonly Mount[] = minorVersion(cluster.kubernetesVersion).flexVolumeMount
    ? [{ name: "flexvolume-dir", path: flexVolumeDir, type: "DirectoryOrCreate", readOnly: false }]
    : [];
  return staticPod({
    name: "kube-controller-manager",
    image: kubernetesImage("kube-controller-manager", cluster),
    arguments: commandArguments(defaults, extra),
    requests: { cpu: "200m" },
    probe: { host: probeHost(extraValue(extra, "bind-address") ?? "127.0.0.1"), port: 10257, scheme: "HTTPS" },
    paths: { liveness: "/healthz", startup: "/healthz" },
    volumes: sortByName([...certificateVolumes(cluster, facts), kubeconfigVolume(kubeconfig), ...flexVolume]),
  });
}

export function kubeSchedulerPod({ cluster }: ControlPlaneNode): V1Pod {
  const kubeconfig = `${kubernetesDir}/scheduler.conf`;
  const extra = cluster.extraArgs.scheduler;
  const defaults = {
    "authentication-kubeconfig": kubeconfig,
    "authorization-kubeconfig": kubeconfig,
    "bind-address": "127.0.0.1",
    kubeconfig,
    "leader-elect": "true",
  };
  return staticPod({
    name: "kube-scheduler",
    image: kubernetesImage("kube-scheduler", cluster),
    arguments: commandArguments(defaults, extra),
    requests: { cpu: "100m" },
    probe: { host: probeHost(extraValue(extra, "bind-address") ?? "127.0.0.1"), port: 10259, scheme: "HTTPS" },
    paths: { liveness: "/livez", readiness: "/readyz", startup: "/livez" },
    volumes: [kubeconfigVolume(kubeconfig)],
  });
}

interface Mount {
  readonly name: string;
  readonly path: string;
  readonly type: "DirectoryOrCreate" | "FileOrCreate" | "File";
  readonly readOnly: boolean;
}

interface ProbeTarget {
  readonly host: string;
  readonly port: number;
  readonly scheme: "HTTP" | "HTTPS";
}

function certificateVolumes({ certificatesDir }: Cluster, { directories }: Pick<Facts, "directories">): readonly Mount[] {
  const present = certificateDirectories.filter((path) => directories.includes(path));
  return [
    { name: "k8s-certs", path: certificatesDir, type: "DirectoryOrCreate", readOnly: true },
    { name: "ca-certs", path: "/etc/ssl/certs", type: "DirectoryOrCreate", readOnly: true },
    ...present.map((path): Mount => ({ name: path.slice(1).replaceAll("/", "-"), path, type: "DirectoryOrCreate", readOnly: true })),
  ];
}

function sortByName(mounts: readonly Mount[]): Mount[] {
  return [...mounts].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function kubeconfigVolume(path: string): Mount {
  return { name: "kubeconfig", path, type: "FileOrCreate", readOnly: true };
}

/** A probe of an unspecified address goes to the pod's own. */
function probeHost(address: string): string {
  return address === "0.0.0.0" || address === "::" ? "" : address;
}

/** The first URL of listen-metrics-urls, where the user gives it (kubeadm/app/util/staticpod/utils.go, v1.36). */
function etcdProbe(metricsUrls: string | undefined, local: string): ProbeTarget {
  const first = metricsUrls?.split(",")[0] ?? "";
  const url = URL.canParse(first) ? new URL(first) : undefined;
  return {
    host: url?.hostname.replace(/^\[|\]$/g, "") || local,
    port: Number(url?.port || 2381),
    scheme: url?.protocol === "https:" ? "HTTPS" : "HTTP",
  };
}

function staticPod(of: {
  /** Of the component: its pod, container and binary. */
  readonly name: string;
  readonly image: string;
  readonly arguments: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly requests: Readonly<Record<string, string>>;
  readonly probe: ProbeTarget;
  readonly paths: { readonly liveness: string; readonly readiness?: string; readonly startup: string };
  /** In the order in which they are mounted. */
  readonly volumes: readonly Mount[];
}): V1Pod {
  const { host, port, scheme } = of.probe;
  const httpGet = (path: string) => ({ ...(host === "" ? {} : { host }), path, port: "probe-port", scheme });
  const readiness: V1Probe | undefined =
    of.paths.readiness === undefined
      ? undefined
      : { failureThreshold: 3, httpGet: httpGet(of.paths.readiness), periodSeconds: 1, timeoutSeconds: 15 };
  const slow = { initialDelaySeconds: 10, periodSeconds: 10, timeoutSeconds: 15 };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...(of.annotations === undefined ? {} : { annotations: of.annotations }),
      labels: { component: of.name, tier: "control-plane" },
      name: of.name,
      namespace: "kube-system",
    },
    spec: {
      containers: [
        {
          command: [of.name, ...of.arguments],
          image: of.image,
          imagePullPolicy: "IfNotPresent",
          livenessProbe: { failureThreshold: 8, httpGet: httpGet(of.paths.liveness), ...slow },
          name: of.name,
          ports: [{ containerPort: port, name: "probe-port", protocol: "TCP" }],
          ...(readiness === undefined ? {} : { readinessProbe: readiness }),
          resources: { requests: of.requests },
          // as long as kubeadm gives a component to come up: 24 times 10 seconds
          startupProbe: { failureThreshold: 24, httpGet: httpGet(of.paths.startup), ...slow },
          volumeMounts: of.volumes.map(({ name, path, readOnly }) => ({ mountPath: path, name, ...(readOnly ? { readOnly } : {}) })),
        },
      ],
      hostNetwork: true,
      priority: 2000001000,
      priorityClassName: "system-node-critical",
      securityContext: { seccompProfile: { type: "RuntimeDefault" } },
      volumes: sortByName(of.volumes).map(({ name, path, type }): V1Volume => ({ hostPath: { path, type }, name })),
    },
    status: {},
  };
}
