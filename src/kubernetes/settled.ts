import { parse } from "yaml";
import type { Cluster } from "../inventory/cluster.ts";
import { type KbootConfigData, readKbootConfig } from "./kboot-config.ts";
import { endpointAddress } from "./kubeadm-config.ts";

/** What a running cluster has settled on, as one source says it; undefined where it does not say. */
export interface Settled {
  readonly kubernetesVersion?: string | undefined;
  readonly etcdVersion?: string | undefined;
  readonly podSubnet?: string | undefined;
  readonly serviceSubnet?: string | undefined;
  readonly dnsDomain?: string | undefined;
  /** `api.lab.internal:6443`. */
  readonly endpoint?: string | undefined;
  /** `6443`: where each API server listens on its own node. */
  readonly bindPort?: string | undefined;
  readonly certificatesDir?: string | undefined;
  readonly networkPlugin?: Cluster["network"]["plugin"] | undefined;
  /** Of a control plane: the address that its API server and etcd announce. */
  readonly nodeAddresses?: readonly string[] | undefined;
}

/** Static pods by name, as the files on a control plane have them. */
export type Manifests = Readonly<Record<string, string>>;

interface Container {
  readonly name?: string;
  readonly image?: string;
  readonly command?: readonly string[];
}

/** What the manifests on a control plane say, which they do also while the API is down. */
export function settledByManifests(manifests: Manifests): Settled {
  const [apiServer, controllerManager, etcd] = ["kube-apiserver", "kube-controller-manager", "etcd"].map((name) =>
    containerOf(manifests[name], name),
  );
  const issuer = argumentOf(apiServer, "service-account-issuer");
  const peer = argumentOf(etcd, "initial-advertise-peer-urls") ?? "";
  const addresses = [argumentOf(apiServer, "advertise-address"), /^https:\/\/\[?([^\]]+?)\]?:\d+$/.exec(peer)?.[1]];
  return {
    kubernetesVersion: tagOf(apiServer)?.replace(/^v/, ""),
    etcdVersion: tagOf(etcd),
    podSubnet: argumentOf(controllerManager, "cluster-cidr"),
    serviceSubnet: argumentOf(apiServer, "service-cluster-ip-range"),
    dnsDomain: /^https:\/\/kubernetes\.default\.svc\.(.+)$/.exec(issuer ?? "")?.[1],
    bindPort: argumentOf(apiServer, "secure-port"),
    certificatesDir: argumentOf(controllerManager, "root-ca-file")?.replace(/\/ca\.crt$/, ""),
    nodeAddresses: addresses.filter((address) => address !== undefined),
  };
}

/** What ConfigMap kubeadm-config says, of its ClusterConfiguration. */
export function settledByKubeadmConfig(text: string | undefined): Settled {
  const { kubernetesVersion, networking, controlPlaneEndpoint, certificatesDir } = read<{
    kubernetesVersion?: string;
    certificatesDir?: string;
    networking?: { podSubnet?: string; serviceSubnet?: string; dnsDomain?: string };
    controlPlaneEndpoint?: string;
  }>(text);
  return { ...networking, kubernetesVersion: kubernetesVersion?.replace(/^v/, ""), endpoint: controlPlaneEndpoint, certificatesDir };
}

/** What ConfigMap kboot-config says. */
export function settledByKbootConfig(data: KbootConfigData): Settled {
  const cluster = readKbootConfig(data);
  if (cluster === undefined) return {};
  const { kubernetesVersion, podSubnet, serviceSubnet, dnsDomain, certificatesDir } = cluster;
  return {
    kubernetesVersion,
    podSubnet,
    serviceSubnet,
    dnsDomain,
    endpoint: endpointAddress(cluster),
    bindPort: `${cluster.bindPort}`,
    certificatesDir,
    networkPlugin: cluster.network.plugin,
  };
}

/** A map out of a document that others may have written; empty for anything else. */
function read<T extends object>(text: string | undefined): Partial<T> {
  try {
    const document: unknown = parse(text ?? "");
    return typeof document === "object" && document !== null ? (document as T) : {};
  } catch {
    return {};
  }
}

/** The component's own: a patch may have put others before it. */
function containerOf(manifest: string | undefined, name: string): Container | undefined {
  const containers = read<{ spec?: { containers?: readonly Container[] } }>(manifest).spec?.containers;
  return containers?.find((container) => container.name === name) ?? containers?.[0];
}

function tagOf(container: Container | undefined): string | undefined {
  return /:([^:/@]+)(@.*)?$/.exec(container?.image ?? "")?.[1];
}

function argumentOf(container: Container | undefined, name: string): string | undefined {
  return container?.command?.findLast((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
}
