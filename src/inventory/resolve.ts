import { dirname, resolve } from "node:path";
import {
  type ArtifactSource,
  type Cluster,
  type ClusterHost,
  type ContainerRuntime,
  type ExtraArg,
  type Patch,
  type SshSettings,
  type Taint,
  usualBindPort,
  usualCertificatesDir,
} from "./cluster.ts";
import { controlPlaneKey } from "./marks.ts";
import { resolveNetwork, withoutV } from "./resolve-network.ts";
import type { InventoryFile, InventoryHost, InventorySpec } from "./schema.ts";

/** What paths of an inventory are relative to. */
export interface Origin {
  /** Absolute path of the file. */
  readonly file: string;
  /** What `~` stands for. */
  readonly home: string;
}

/** The subnets and the DNS domain, with defaults. */
export function networkingOf({ networking }: Pick<InventorySpec, "networking">): {
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  readonly dnsDomain: string;
} {
  return {
    podSubnet: networking?.podSubnet ?? "10.244.0.0/16",
    serviceSubnet: networking?.serviceSubnet ?? "10.96.0.0/12",
    dnsDomain: networking?.dnsDomain ?? "cluster.local",
  };
}

/** How certificates are made and where they lie, with kubeadm's defaults. */
export function pkiOf({
  pki,
}: Pick<InventorySpec, "pki">): Pick<
  Cluster,
  "encryptionAlgorithm" | "certificatesDir" | "certificateValidityDays" | "caCertificateValidityDays"
> {
  return {
    encryptionAlgorithm: pki?.encryptionAlgorithm ?? "RSA-2048",
    certificatesDir: pki?.certificatesDir ?? usualCertificatesDir,
    certificateValidityDays: pki?.certificateValidityDays ?? 365,
    caCertificateValidityDays: pki?.caCertificateValidityDays ?? 3650,
  };
}

const controlPlaneTaint: Taint = { key: controlPlaneKey, effect: "NoSchedule" };

/** The cluster that a valid file describes, with every default filled in. */
export function resolveCluster({ metadata: { name }, spec }: InventoryFile, origin: Origin): Cluster {
  const { host = `api.${name}.internal`, bindPort = usualBindPort, port = bindPort } = spec.apiEndpoint ?? {};
  return {
    name,
    file: origin.file,
    kubernetesVersion: withoutV(spec.kubernetesVersion),
    endpoint: { host, port, managed: spec.apiEndpoint?.host === undefined },
    bindPort,
    certSANs: spec.certSANs ?? [],
    ...networkingOf(spec),
    imageRepository: spec.imageRepository ?? "registry.k8s.io",
    ...pkiOf(spec),
    hosts: spec.hosts.map((own) => resolveHost(own, spec, origin)),
    kubelet: spec.kubelet ?? {},
    kubeProxy: spec.kubeProxy ?? {},
    containerd: spec.containerd ?? {},
    extraArgs: {
      apiServer: resolveArgs(spec.extraArgs?.apiServer),
      controllerManager: resolveArgs(spec.extraArgs?.controllerManager),
      scheduler: resolveArgs(spec.extraArgs?.scheduler),
      etcd: resolveArgs(spec.extraArgs?.etcd),
      kubelet: resolveArgs(spec.extraArgs?.kubelet),
    },
    patches: resolvePatches(spec.patches),
    sysctls: Object.fromEntries(Object.entries(spec.sysctls ?? {}).map(([key, value]) => [key, String(value)])),
    audit:
      spec.audit === undefined
        ? undefined
        : {
            policyFile: resolvePath(spec.audit.policyFile, origin),
            policy: "",
            logPath: spec.audit.logPath ?? "/var/log/kubernetes/audit/audit.log",
            maxAgeDays: spec.audit.maxAgeDays ?? 30,
            maxBackups: spec.audit.maxBackups ?? 10,
            maxSizeMegabytes: spec.audit.maxSizeMegabytes ?? 100,
          },
    network: resolveNetwork(spec, { args: resolveArgs, path: (path) => resolvePath(path, origin) }),
    sources: (spec.sources ?? ["upstream"]).map((source) => resolveSource(source, origin)),
    maxUnavailable: spec.maxUnavailable ?? "10%",
    ignoreChecks: spec.ignoreChecks ?? [],
  };
}

function resolveHost(host: InventoryHost, spec: InventorySpec, origin: Origin): ClusterHost {
  return {
    name: host.name,
    transport: host.transport ?? "ssh",
    address: host.address ?? "127.0.0.1",
    nodeAddress: host.nodeAddress,
    nodeName: host.nodeName ?? host.name,
    role: host.role,
    labels: host.labels ?? {},
    taints: host.taints ?? (host.role === "control-plane" ? [controlPlaneTaint] : []),
    ssh: resolveSsh({ ...spec.ssh, ...host.ssh }, origin),
    containerRuntime: resolveRuntime(host.containerRuntime ?? spec.containerRuntime),
    kubernetes: host.kubernetes ?? spec.kubernetes ?? { from: "sources" },
    kubelet: host.kubelet ?? {},
    kubeletExtraArgs: resolveArgs(host.kubeletExtraArgs),
    patches: resolvePatches(host.patches),
  };
}

/** The patches as the cluster has them. */
export function resolvePatches(patches: InventorySpec["patches"] = []): readonly Patch[] {
  return patches.map(({ name, target, type = "strategic", patch }) => ({ name, target, type, patch }));
}

function resolveRuntime(runtime: InventorySpec["containerRuntime"]): ContainerRuntime {
  const { from = "sources", package: name = "containerd" } = runtime ?? {};
  return from === "package" ? { from, package: name } : { from };
}

/** The port on which SSH reaches a host. */
export function sshPortOf(host: Pick<InventoryHost, "ssh">, cluster: InventorySpec["ssh"]): number {
  return host.ssh?.port ?? cluster?.port ?? 22;
}

function resolveSsh(ssh: NonNullable<InventorySpec["ssh"]>, origin: Origin): SshSettings {
  return {
    user: ssh.user ?? "root",
    port: ssh.port ?? 22,
    identityFiles: (ssh.identityFiles ?? []).map((path) => resolvePath(path, origin)),
    knownHostsFile: resolvePath(ssh.knownHostsFile ?? "~/.ssh/known_hosts", origin),
    connectTimeoutSeconds: ssh.connectTimeoutSeconds ?? 10,
  };
}

/** A source as the cluster has it. */
export function resolveSource(source: NonNullable<InventorySpec["sources"]>[number], origin: Origin): ArtifactSource {
  if (source === "upstream") return { kind: "upstream" };
  if ("bundle" in source) return { kind: "bundle", path: resolvePath(source.bundle, origin) };
  if ("mirror" in source) return { kind: "mirror", url: source.mirror };
  return { kind: "registry", address: source.registry, insecure: source.insecure ?? false };
}

type ArgumentValue = string | number | boolean;

/** Arguments in their order, one for each value. */
export function resolveArgs(args: Readonly<Record<string, ArgumentValue | readonly ArgumentValue[]>> = {}): readonly ExtraArg[] {
  return Object.entries(args).flatMap(([name, value]) => [value].flat().map((one) => ({ name, value: String(one) })));
}

function resolvePath(path: string, { file, home }: Origin): string {
  if (path === "~" || path.startsWith("~/")) return resolve(home, path.slice(2));
  return resolve(dirname(file), path);
}
