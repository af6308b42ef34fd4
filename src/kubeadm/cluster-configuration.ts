import { usualBindPort, usualCertificatesDir } from "../inventory/cluster.ts";
import type { InventorySpec } from "../inventory/schema.ts";
import { parseDuration } from "../kubernetes/duration.ts";
import type { ClusterConfiguration, InitConfiguration } from "../kubernetes/kubeadm-documents/v1beta4.ts";
import { etcdDataDir } from "../kubernetes/paths.ts";
import { minorVersion, supportedMinors } from "../kubernetes/versions.ts";
import { argumentMap } from "./arguments.ts";
import { takeAudit } from "./audit.ts";
import { type NotTaken, present, presentIn, type Taken, unless } from "./taken.ts";

type Endpoint = NonNullable<InitConfiguration["localAPIEndpoint"]>;

const prefix = "ClusterConfiguration";
const dayMs = 24 * 3_600_000;

/** What a ClusterConfiguration says. `local` is where the API server of the first control plane listens, for one without an endpoint. */
export function takeClusterConfiguration(configuration: ClusterConfiguration, local: Endpoint = {}): Pick<Taken, "spec" | "notTaken"> {
  const { apiServer = {}, controllerManager, scheduler, etcd, networking } = configuration;
  const { audit, args, volumes } = takeAudit(apiServer);
  const version = takeVersion(configuration.kubernetesVersion);
  const endpoint = takeEndpoint(configuration.controlPlaneEndpoint, local);
  const pki = takePki(configuration);
  return {
    spec: present({
      ...version.spec,
      apiEndpoint: endpoint.value,
      certSANs: apiServer.certSANs === undefined || apiServer.certSANs.length === 0 ? undefined : apiServer.certSANs,
      networking: networking && presentIn(networking),
      imageRepository: configuration.imageRepository,
      pki: pki.value,
      extraArgs: presentIn({
        apiServer: argumentMap(args),
        controllerManager: argumentMap(controllerManager?.extraArgs),
        scheduler: argumentMap(scheduler?.extraArgs),
        etcd: argumentMap(etcd?.local?.extraArgs),
      }),
      audit,
    }),
    notTaken: [
      ...version.notTaken,
      ...endpoint.notTaken,
      ...unless(
        networking?.podSubnet === undefined,
        `${prefix}.networking.podSubnet`,
        "is not set, so that nodes get no part of a pod subnet; of kboot they get one, of networking.podSubnet",
      ),
      ...pki.notTaken,
      ...volumes.map(([index, { name, hostPath }]) => ({
        field: `${prefix}.apiServer.extraVolumes[${index}]`,
        message: `${name}: ${hostPath} of the host is not mounted into kube-apiserver; kboot mounts what audit needs, and nothing else`,
      })),
      ...extras("controllerManager", controllerManager),
      ...extras("scheduler", scheduler),
      ...envs("apiServer", apiServer.extraEnvs),
      ...leftOfEtcd(configuration),
      ...leftOfAddons(configuration),
      ...leftOfNames(configuration),
    ],
  };
}

function takeVersion(version: string | undefined): Pick<Taken, "spec" | "notTaken"> {
  const field = `${prefix}.kubernetesVersion`;
  if (version === undefined) {
    return { spec: {}, notTaken: [{ field, message: "is missing, and kubeadm takes its own version; set kubernetesVersion" }] };
  }
  if (!/^v?\d/.test(version)) {
    return {
      spec: {},
      notTaken: [{ field, message: `${version} is a label, which stands for another version from time to time; set kubernetesVersion` }],
    };
  }
  return { spec: { kubernetesVersion: version.replace(/^v/, "") }, notTaken: [] };
}

/** As kubeadm does it: the endpoint, else the first control plane itself; an endpoint without a port has that of the API servers. */
function takeEndpoint(
  endpoint: string | undefined,
  { advertiseAddress, bindPort }: Endpoint,
): { readonly value: InventorySpec["apiEndpoint"]; readonly notTaken: readonly NotTaken[] } {
  const own = bindPort === usualBindPort ? undefined : bindPort;
  if (endpoint === undefined && advertiseAddress === undefined) {
    const message =
      "is missing, and so is InitConfiguration.localAPIEndpoint.advertiseAddress: kubeadm takes the address that it finds; set apiEndpoint";
    return { value: presentIn({ bindPort: own }), notTaken: [{ field: `${prefix}.controlPlaneEndpoint`, message }] };
  }
  const [, v6, name, port] = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(endpoint ?? "") ?? [];
  const host = endpoint === undefined ? advertiseAddress : (v6 ?? name);
  return { value: present({ host, port: port === undefined ? undefined : Number(port), bindPort: own }), notTaken: [] };
}

function takePki(configuration: ClusterConfiguration) {
  const { certificatesDir, encryptionAlgorithm, featureGates } = configuration;
  const ecdsa = featureGates?.["PublicKeysECDSA"] === true ? "ECDSA-P256" : undefined;
  const days = (name: "certificateValidityPeriod" | "caCertificateValidityPeriod") => {
    const period = configuration[name];
    return period === undefined ? undefined : parseDuration(period) / dayMs;
  };
  const certificate = days("certificateValidityPeriod");
  const authority = days("caCertificateValidityPeriod");
  const value: InventorySpec["pki"] = presentIn({
    encryptionAlgorithm: encryptionAlgorithm ?? ecdsa,
    certificatesDir: certificatesDir === usualCertificatesDir ? undefined : certificatesDir,
    certificateValidityDays: certificate === undefined ? undefined : Math.ceil(certificate),
    caCertificateValidityDays: authority === undefined ? undefined : Math.ceil(authority),
  });
  const broken = (count: number | undefined, field: string) =>
    unless(
      count !== undefined && !Number.isInteger(count),
      `${prefix}.${field}`,
      `is no whole number of days; kboot counts ${Math.ceil(count ?? 0)}`,
    );
  return { value, notTaken: [...broken(certificate, "certificateValidityPeriod"), ...broken(authority, "caCertificateValidityPeriod")] };
}

function extras(component: "controllerManager" | "scheduler", of: ClusterConfiguration["scheduler"]): readonly NotTaken[] {
  return [
    ...(of?.extraVolumes ?? []).map(({ name, hostPath }, index) => ({
      field: `${prefix}.${component}.extraVolumes[${index}]`,
      message: `${name}: ${hostPath} of the host is not mounted into its pod; kboot mounts nothing of the user's there`,
    })),
    ...envs(component, of?.extraEnvs),
  ];
}

/** Values are not told: they may be secret. */
function envs(component: string, of: readonly { readonly name: string }[] = []): readonly NotTaken[] {
  return of.map(({ name }, index) => ({
    field: `${prefix}.${component}.extraEnvs[${index}]`,
    message: `${name} is not set; components of kboot's have no environment, only arguments`,
  }));
}

function leftOfEtcd({ etcd = {}, kubernetesVersion, imageRepository }: ClusterConfiguration): readonly NotTaken[] {
  const { local = {}, external } = etcd;
  const field = `${prefix}.etcd.local`;
  const usualTag = tagsOf(kubernetesVersion)?.etcd;
  return [
    ...unless(external, `${prefix}.etcd.external`, "kboot runs an etcd member on every control plane, and none elsewhere"),
    ...unless(
      local.dataDir !== etcdDataDir && local.dataDir,
      `${field}.dataDir`,
      (path) => `is ${path}; kboot's etcd keeps its data in ${etcdDataDir}, and would find none`,
    ),
    ...unless(
      local.imageTag !== usualTag && local.imageTag,
      `${field}.imageTag`,
      (tag) => `is ${tag}; kboot runs the etcd that belongs to the version of Kubernetes, ${usualTag ?? "which is not known"}`,
    ),
    ...unless(
      local.imageRepository !== imageRepository && local.imageRepository,
      `${field}.imageRepository`,
      (repository) => `is ${repository}; kboot takes all images from one place, imageRepository`,
    ),
    ...(["serverCertSANs", "peerCertSANs"] as const).flatMap((name) =>
      unless(
        local[name],
        `${field}.${name}`,
        (names) => `${names.join(", ")}: certificates of kboot's etcd are for the node's name and address, and localhost`,
      ),
    ),
    ...envs("etcd.local", local.extraEnvs),
  ];
}

function leftOfAddons({ dns = {}, proxy = {}, kubernetesVersion, imageRepository }: ClusterConfiguration): readonly NotTaken[] {
  const usualTag = tagsOf(kubernetesVersion)?.coreDns;
  return [
    ...unless(dns.disabled, `${prefix}.dns.disabled`, "is true; kboot runs CoreDNS, also beside another DNS of yours"),
    ...unless(
      dns.imageTag !== usualTag && dns.imageTag,
      `${prefix}.dns.imageTag`,
      (tag) => `is ${tag}; kboot runs the CoreDNS that belongs to the version of Kubernetes, ${usualTag ?? "which is not known"}`,
    ),
    ...unless(
      dns.imageRepository !== imageRepository && dns.imageRepository,
      `${prefix}.dns.imageRepository`,
      (repository) => `is ${repository}; kboot takes all images from one place, imageRepository`,
    ),
    ...unless(proxy.disabled, `${prefix}.proxy.disabled`, "is true; kboot runs kube-proxy, also beside what does its work for you"),
  ];
}

function leftOfNames({ clusterName, featureGates = {} }: ClusterConfiguration): readonly NotTaken[] {
  return [
    ...unless(
      clusterName !== "kubernetes" && clusterName,
      `${prefix}.clusterName`,
      (name) => `is ${name}; kubeconfigs and kube-controller-manager of kboot's say kubernetes`,
    ),
    ...unless(
      featureGates["RootlessControlPlane"],
      `${prefix}.featureGates.RootlessControlPlane`,
      "is true; the control plane of kboot's runs as root",
    ),
    ...unless(
      featureGates["NodeLocalCRISocket"] === false,
      `${prefix}.featureGates.NodeLocalCRISocket`,
      "is false; kboot keeps the socket of the container runtime in a file of each node",
    ),
  ];
}

/** What belongs to a version; undefined for one that kboot does not know. */
function tagsOf(version = "") {
  const plain = version.replace(/^v/, "");
  return supportedMinors.some((minor) => plain.startsWith(`${minor}.`)) ? minorVersion(plain) : undefined;
}
