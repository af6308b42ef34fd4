import { homedir } from "node:os";
import { isDeepStrictEqual } from "node:util";
import { isMap } from "../is-map.ts";
import type { ArtifactSource, Cluster, ClusterHost, ExtraArg, Network, Patch } from "./cluster.ts";
import { resolveCluster } from "./resolve.ts";
import type { InventoryFile } from "./schema.ts";

type Values = Readonly<Record<string, unknown>>;

/**
 * The inventory that describes a cluster, as a document for `yaml` to write: what a default says by itself is left out. Read again it
 * makes the same cluster, but for the contents of files that it names.
 */
export function describeCluster(cluster: Cluster): InventoryFile {
  const hosts = cluster.hosts.map(({ name, role, transport, address }) => ({ name, role, transport, address }));
  const { plugin } = cluster.network;
  const version = "version" in cluster.network ? { version: cluster.network.version } : {};
  const least = {
    apiVersion: "kboot.dev/v1alpha1",
    kind: "Cluster",
    metadata: { name: cluster.name },
    spec: { kubernetesVersion: cluster.kubernetesVersion, network: { plugin, ...version }, hosts },
  } as const;
  const usual = resolveCluster(least, { file: cluster.file, home: homedir() });
  const [ssh, ...others] = cluster.hosts.filter(({ transport }) => transport === "ssh").map((host) => host.ssh);
  const isShared = others.every((other) => isDeepStrictEqual(other, ssh));
  const usualHosts = usual.hosts.map((host) => ({ ...describeHost(host), ssh: isShared ? ssh : host.ssh }));
  return {
    ...least,
    spec: {
      kubernetesVersion: cluster.kubernetesVersion,
      ...unusual({ ...describeSpec(cluster), ssh: isShared ? ssh : undefined }, { ...describeSpec(usual), ssh: usual.hosts[0]?.ssh }),
      network: { plugin, ...unusual(describeNetwork(cluster.network), { ...describeNetwork(usual.network), ...version }), ...version },
      hosts: cluster.hosts.map((host, index) => ({
        name: host.name,
        ...(host.transport === "local" && host.address === "127.0.0.1" ? {} : { address: host.address }),
        ...(host.transport === "local" ? { transport: "local" } : {}),
        role: host.role,
        ...unusual(describeHost(host), usualHosts[index] ?? {}),
      })),
    },
  } as InventoryFile;
}

function describeSpec(cluster: Cluster): Values {
  const { audit, bindPort, endpoint, extraArgs } = cluster;
  return {
    apiEndpoint: {
      host: endpoint.managed ? undefined : endpoint.host,
      // what it is without the field depends on bindPort
      port: endpoint.port === bindPort ? undefined : endpoint.port,
      bindPort,
    },
    certSANs: cluster.certSANs,
    networking: { podSubnet: cluster.podSubnet, serviceSubnet: cluster.serviceSubnet, dnsDomain: cluster.dnsDomain },
    imageRepository: cluster.imageRepository,
    pki: {
      encryptionAlgorithm: cluster.encryptionAlgorithm,
      certificatesDir: cluster.certificatesDir,
      certificateValidityDays: cluster.certificateValidityDays,
      caCertificateValidityDays: cluster.caCertificateValidityDays,
    },
    kubelet: cluster.kubelet,
    kubeProxy: cluster.kubeProxy,
    containerd: cluster.containerd,
    extraArgs: Object.fromEntries(Object.entries(extraArgs).map(([component, args]) => [component, describeArgs(args)])),
    patches: cluster.patches.map(describePatch),
    sysctls: cluster.sysctls,
    audit: audit && { ...audit, policy: undefined },
    sources: cluster.sources.map(describeSource),
    maxUnavailable: cluster.maxUnavailable,
    ignoreChecks: cluster.ignoreChecks,
  };
}

function describeHost(host: ClusterHost): Values {
  return {
    nodeName: host.nodeName,
    nodeAddress: host.nodeAddress,
    labels: host.labels,
    taints: host.taints,
    ssh: host.transport === "local" ? undefined : host.ssh,
    containerRuntime: host.containerRuntime,
    kubernetes: host.kubernetes,
    kubelet: host.kubelet,
    kubeletExtraArgs: describeArgs(host.kubeletExtraArgs),
    patches: host.patches.map(describePatch),
  };
}

function describeNetwork(network: Network): Values {
  const { plugin: _plugin, ...options } = network;
  if (network.plugin !== "weave-net") return options;
  return {
    ...options,
    password: undefined,
    extraArgs: describeArgs(network.extraArgs),
    policyExtraArgs: describeArgs(network.policyExtraArgs),
  };
}

function describeArgs(args: readonly ExtraArg[]): Values {
  const values = Map.groupBy(args, ({ name }) => name);
  return Object.fromEntries([...values].map(([name, all]) => [name, all.length === 1 ? all[0]?.value : all.map(({ value }) => value)]));
}

function describePatch({ name, target, type, patch }: Patch): Values {
  return { ...(name === undefined ? {} : { name }), target, ...(type === "strategic" ? {} : { type }), patch };
}

function describeSource(source: ArtifactSource): unknown {
  switch (source.kind) {
    case "upstream":
      return "upstream";
    case "bundle":
      return { bundle: source.path };
    case "mirror":
      return { mirror: source.url };
    case "registry":
      return { registry: source.address, ...(source.insecure ? { insecure: true } : {}) };
  }
}

/** What of `values` is not as usual, map by map; a list is one thing. */
function unusual(values: Values, usual: Values): Values {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]): [string, unknown][] => {
      const other = usual[name];
      if (value === undefined || isDeepStrictEqual(value, other)) return [];
      return [[name, isMap(value) && isMap(other) ? unusual(value, other) : value]];
    }),
  );
}
