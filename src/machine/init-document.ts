import type { Patch } from "../inventory/cluster.ts";
import { type Path, parsePath } from "../inventory/problem.ts";
import { isMap } from "../is-map.ts";
import { readSource } from "./sources.ts";

/** What `kboot init` is asked for by flags; names are those of the flags. */
export interface InitFlags {
  readonly apiserverAdvertiseAddress?: string;
  readonly apiserverBindPort?: string;
  readonly apiserverCertExtraSans?: string;
  readonly certDir?: string;
  readonly controlPlaneEndpoint?: string;
  readonly imageRepository?: string;
  readonly kubernetesVersion?: string;
  readonly network?: string;
  readonly nodeName?: string;
  readonly podNetworkCidr?: string;
  readonly serviceCidr?: string;
  readonly serviceDnsDomain?: string;
  readonly source?: readonly string[];
}

/** What a configuration file says: fields of an inventory, not yet judged. */
export interface InitBase {
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Fields of the machine's own entry under `hosts`. */
  readonly host?: Readonly<Record<string, unknown>>;
  /** Where the file says what stands at this path of the inventory: `FILE: ClusterConfiguration.networking.podSubnet`. Undefined where it does not. */
  originOf?(path: Path): string | undefined;
  /** Of the folder that is named for the machine. */
  readonly patches?: readonly Patch[];
}

/** What is known of the machine. */
export interface InitMachine {
  readonly nodeName: string;
  /** IPv4 address that others reach it by. */
  readonly address: string;
  /** Without v. */
  readonly kubernetesVersion: string;
}

/** Fields of the inventory that a flag says, for messages. */
const flagOfField: Readonly<Record<string, string>> = {
  "hosts[0].nodeAddress": "--apiserver-advertise-address",
  "apiEndpoint.bindPort": "--apiserver-bind-port",
  certSANs: "--apiserver-cert-extra-sans",
  "pki.certificatesDir": "--cert-dir",
  "apiEndpoint.host": "--control-plane-endpoint",
  "apiEndpoint.port": "--control-plane-endpoint",
  imageRepository: "--image-repository",
  kubernetesVersion: "--kubernetes-version",
  "network.plugin": "--network",
  "hosts[0].nodeName": "--node-name",
  "networking.podSubnet": "--pod-network-cidr",
  "networking.serviceSubnet": "--service-cidr",
  "networking.dnsDomain": "--service-dns-domain",
  sources: "--source",
};

/**
 * Where a field of the inventory has its value from: the flag that says it, else file, document and field, else the flag that would say it. `field` is as
 * problems name it.
 */
export function originOf(field: string, flags: InitFlags, base: InitBase): string {
  const known = field.replace(/^hosts\[0\]\.name$/, "hosts[0].nodeName");
  const flag = flagOfField[known] ?? flagOfField[known.replace(/\[\d+\].*$/, "")];
  if (flag !== undefined && isGiven(flag, flags)) return flag;
  return base.originOf?.(["spec", ...parsePath(known)]) ?? flag ?? field;
}

function isGiven(flag: string, flags: InitFlags): boolean {
  const name = flag.slice("--".length).replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  return flags[name as keyof InitFlags] !== undefined;
}

type Settings = Readonly<Record<string, unknown>>;

/** The name of a cluster that was made by flags: the one that kubeadm gives. */
const clusterName = "kubernetes";

/**
 * The inventory of one control plane, this machine, as values for `yaml` to write. As with kubeadm the endpoint is the machine's own
 * address unless another is given. `base` is what a configuration file says; flags go over it.
 */
export function initDocument(flags: InitFlags, machine: InitMachine, base: InitBase = {}): unknown {
  const { spec = {}, host = {}, patches = [] } = base;
  const endpoint = flags.controlPlaneEndpoint === undefined ? undefined : splitEndpoint(flags.controlPlaneEndpoint);
  const bindPort = flags.apiserverBindPort === undefined ? undefined : { bindPort: numberOf(flags.apiserverBindPort) };
  return {
    apiVersion: "kboot.dev/v1alpha1",
    kind: "Cluster",
    metadata: { name: clusterName },
    spec: withoutAbsent({
      ...spec,
      kubernetesVersion: machine.kubernetesVersion,
      apiEndpoint: over({ host: machine.address }, spec["apiEndpoint"], { ...endpoint, ...bindPort }),
      certSANs: flags.apiserverCertExtraSans?.split(",") ?? spec["certSANs"],
      pki: over({}, spec["pki"], { certificatesDir: flags.certDir === undefined ? undefined : withoutLastSlash(flags.certDir) }),
      networking: over({}, spec["networking"], {
        podSubnet: flags.podNetworkCidr,
        serviceSubnet: flags.serviceCidr,
        dnsDomain: flags.serviceDnsDomain,
      }),
      network: flags.network === undefined ? spec["network"] : { plugin: flags.network },
      imageRepository: flags.imageRepository ?? spec["imageRepository"],
      sources: flags.source?.map(readSource) ?? spec["sources"],
      patches: withMore(spec["patches"], patches.filter(isOfCluster)),
      hosts: [
        withoutAbsent({
          ...host,
          name: machine.nodeName,
          transport: "local",
          role: "control-plane",
          nodeAddress: machine.address,
          // as with kubeadm they are of this machine alone
          patches: withMore(
            undefined,
            patches.filter((patch) => !isOfCluster(patch)),
          ),
        }),
      ],
    }),
  };
}

function isOfCluster({ target }: Patch): boolean {
  return target === "corednsdeployment";
}

/** A list that is none stays, for the inventory's own judgement. */
function withMore(list: unknown, more: readonly unknown[]): unknown {
  if (more.length === 0) return list;
  return Array.isArray(list) || list === undefined ? [...(list ?? []), ...more] : list;
}

/** What flags say over what a file says over `usual`. What is no map stays, for the inventory's own judgement. */
function over(usual: Settings, said: unknown, flags: Settings): unknown {
  return said !== undefined && said !== null && !isMap(said) ? said : { ...usual, ...(said ?? {}), ...withoutAbsent(flags) };
}

/** A directory as an inventory names it. */
export function withoutLastSlash(path: string): string {
  return path.replace(/(?<=.)\/+$/, "");
}

/** Text that is no number stays, for the inventory's own judgement. */
function numberOf(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : (text as unknown as number);
}

function splitEndpoint(text: string): { readonly host: string; readonly port?: number } {
  const [, host = text, port] = /^(.*?)(?::([^:]*))?$/.exec(text) ?? [];
  return { host, ...(port === undefined ? {} : { port: numberOf(port) }) };
}

function withoutAbsent(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
