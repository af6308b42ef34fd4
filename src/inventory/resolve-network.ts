import type { ExtraArg, FlannelNetwork, Network, WeaveNetwork } from "./cluster.ts";
import type { InventorySpec } from "./schema.ts";

/** The pod network unless the inventory names one. */
export const defaultPlugin = "weave-net";

type Spec = Pick<InventorySpec, "network"> & { readonly hosts: readonly unknown[] };
type Options = NonNullable<InventorySpec["network"]>;

/** How arguments and paths of the file become those of the cluster. */
interface Resolvers {
  args(args: Options["extraArgs"]): readonly ExtraArg[];
  path(path: string): string;
}

/** The pod network that a file asks for, with every default filled in. */
export function resolveNetwork({ network = {}, hosts }: Spec, resolvers: Resolvers): Network {
  const { plugin = defaultPlugin } = network;
  if (plugin === "none") return { plugin };
  return plugin === "flannel" ? resolveFlannel(network) : resolveWeaveNet(network, hosts.length, resolvers);
}

function resolveFlannel({ version = "0.26.7", registry = "ghcr.io/flannel-io", backend = "vxlan" }: Options): FlannelNetwork {
  return { plugin: "flannel", version: withoutV(version), registry, backend };
}

/** Weave Net before this version is that of Weaveworks; later ones are a fork's. */
const firstOfFork = "2.8.2";

/** Weave Net's own limit (weaver, `--conn-limit`). */
const connections = 200;

function resolveWeaveNet(options: Options, hosts: number, { args, path }: Resolvers): WeaveNetwork {
  const version = weaveVersionOf(options);
  return {
    plugin: "weave-net",
    version,
    registry: options.registry ?? (isBefore(version, firstOfFork) ? "docker.io/weaveworks" : "docker.io/rajchaudhuri"),
    mtu: options.mtu,
    encryption: options.encryption ?? true,
    passwordFile: options.passwordFile === undefined ? undefined : path(options.passwordFile),
    password: undefined,
    trustedSubnets: options.trustedSubnets ?? [],
    networkPolicy: options.networkPolicy ?? true,
    fastDatapath: options.fastDatapath,
    hairpinMode: options.hairpinMode ?? true,
    noMasqLocal: options.noMasqLocal ?? true,
    connectionLimit: options.connectionLimit ?? Math.max(connections, hosts),
    ipallocInit: options.ipallocInit,
    peers: options.peers ?? [],
    exposeAddress: options.exposeAddress,
    httpAddress: options.httpAddress ?? "127.0.0.1:6784",
    metricsAddress: options.metricsAddress,
    statusAddress: options.statusAddress,
    iptablesBackend: options.iptablesBackend ?? "nft",
    checkForUpdates: options.checkForUpdates ?? false,
    debug: options.debug ?? false,
    extraArgs: args(options.extraArgs),
    policyExtraArgs: args(options.policyExtraArgs),
  };
}

/** The version of Weave Net, without v. */
export function weaveVersionOf({ version = "2.9.0" }: Pick<Options, "version">): string {
  return withoutV(version);
}

/** True when a version such as `2.8.1` comes before another; what follows a dash does not count. */
export function isBefore(version: string, other: string): boolean {
  const own = version.split(/[.-]/, 3).map(Number);
  const its = other.split(/[.-]/, 3).map(Number);
  const place = own.findIndex((number, index) => number !== its[index]);
  return place >= 0 && (own[place] ?? 0) < (its[place] ?? 0);
}

/** `1.36.3` of `v1.36.3`. */
export function withoutV(version: string): string {
  return version.replace(/^v/, "");
}
