import type { z } from "zod";
import { choice, fields, flag, integer, list, map, text } from "../../inventory/fields.ts";
import type { Path } from "../../inventory/problem.ts";
import { suggest } from "../../suggest.ts";
import { tokenUsages } from "../bootstrap-token.ts";
import {
  absolutePath,
  certificateKey,
  criSocket,
  duration,
  endpoint,
  endpointWithPort,
  extraArgs,
  extraEnvs,
  extraVolumes,
  ignoredChecks,
  imagePullPolicy,
  imageRepository,
  imageShape,
  ipAddress,
  kubernetesVersion,
  patches,
  phases,
  publicKeyPin,
  subdomain,
  subjectName,
  subnets,
  taint,
  time,
  token,
  tokenGroup,
  url,
} from "./values.ts";

/** Adds a rule about several fields: `judge` gives the path of each that is wrong, and why. */
export function ruled<S extends z.ZodType>(schema: S, judge: (value: z.output<S>) => readonly (readonly [Path, string])[]): S {
  return schema.superRefine((value, { addIssue }) => {
    for (const [path, message] of judge(value as z.output<S>)) addIssue({ code: "custom", path: [...path], message });
  }) as S;
}

const timeouts = fields({
  controlPlaneComponentHealthCheck: duration.optional(),
  kubeletHealthCheck: duration.optional(),
  kubernetesAPICall: duration.optional(),
  etcdAPICall: duration.optional(),
  tlsBootstrap: duration.optional(),
  discovery: duration.optional(),
  upgradeManifests: duration.optional(),
});

const localAPIEndpoint = fields({ advertiseAddress: ipAddress.optional(), bindPort: integer(1, 65535).optional() });

export const nodeRegistrationShape = {
  name: subdomain.optional(),
  criSocket: criSocket.optional(),
  taints: list(taint).optional(),
  kubeletExtraArgs: extraArgs.optional(),
  ignorePreflightErrors: ignoredChecks.optional(),
  imagePullPolicy: imagePullPolicy.optional(),
  imagePullSerial: flag().optional(),
} as const;

const nodeRegistration = fields(nodeRegistrationShape);

const bootstrapToken = ruled(
  fields({
    token: token.optional(),
    description: text().optional(),
    ttl: duration.optional(),
    expires: time.optional(),
    usages: list(choice(tokenUsages)).optional(),
    groups: list(tokenGroup).optional(),
  }),
  ({ ttl, expires, usages, groups = [] }) => [
    ...(ttl !== undefined && expires !== undefined ? [[["expires"], "cannot stand beside ttl; keep one"] as const] : []),
    ...(groups.length > 0 && usages !== undefined && !usages.includes("authentication")
      ? [[["groups"], "are of no use without authentication among the usages"] as const]
      : []),
  ],
);

export const initShape = {
  bootstrapTokens: list(bootstrapToken).optional(),
  nodeRegistration: nodeRegistration.optional(),
  localAPIEndpoint: localAPIEndpoint.optional(),
  certificateKey: certificateKey.optional(),
  skipPhases: phases.optional(),
  patches: patches.optional(),
} as const;

export const initConfiguration = fields({ ...initShape, dryRun: flag().optional(), timeouts: timeouts.optional() });

const component = { extraArgs: extraArgs.optional(), extraVolumes: extraVolumes.optional(), extraEnvs: extraEnvs.optional() } as const;

export const localEtcdShape = {
  ...imageShape,
  dataDir: absolutePath.optional(),
  extraArgs: extraArgs.optional(),
  serverCertSANs: list(subjectName).optional(),
  peerCertSANs: list(subjectName).optional(),
} as const;

export const externalEtcdShape = {
  endpoints: list(url).min(1, { error: "is empty; name one endpoint at least" }),
  httpEndpoints: list(url).optional(),
  caFile: absolutePath.optional(),
  certFile: absolutePath.optional(),
  keyFile: absolutePath.optional(),
} as const;

interface ExternalEtcd {
  readonly endpoints: readonly string[];
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** Certificates go with https, and with one another. */
export function judgeExternalEtcd({ endpoints, caFile, certFile, keyFile }: ExternalEtcd) {
  const isPlain = caFile === undefined && certFile === undefined && keyFile === undefined;
  const plain = isPlain ? [] : endpoints.flatMap((address, index) => (address.startsWith("https:") ? [] : [index]));
  return [
    ...plain.map((index) => [["endpoints", index], "must be a URL with https, since there are certificates"] as const),
    ...((certFile === undefined) === (keyFile === undefined)
      ? []
      : [[[certFile === undefined ? "certFile" : "keyFile"], "is missing; certificate and key go together"] as const]),
    ...(certFile !== undefined && caFile === undefined ? [[["caFile"], "is missing; a certificate needs it"] as const] : []),
  ];
}

/** Of a map with `local` and `external` one may be there. */
export function judgeEtcd({ local, external }: { readonly local?: unknown; readonly external?: unknown }) {
  return local !== undefined && external !== undefined ? [[["external"], "cannot stand beside local; keep one"] as const] : [];
}

const gates = ["NodeLocalCRISocket", "PublicKeysECDSA", "RootlessControlPlane"];

export const clusterShape = {
  networking: fields({
    serviceSubnet: subnets({ leastBits: 4, mostBits: 20 }).optional(),
    podSubnet: subnets({ leastBits: 4 }).optional(),
    dnsDomain: subdomain.optional(),
  }).optional(),
  kubernetesVersion: kubernetesVersion.optional(),
  controlPlaneEndpoint: endpoint.optional(),
  certificatesDir: absolutePath.optional(),
  imageRepository: imageRepository.optional(),
  featureGates: map(flag(), (name) =>
    gates.includes(name) ? undefined : `there is no feature gate ${name} of kubeadm; ${suggest(name, gates)}`,
  ).optional(),
  clusterName: text().optional(),
} as const;

export const clusterConfiguration = fields({
  ...clusterShape,
  etcd: ruled(
    fields({
      local: fields({ ...localEtcdShape, extraEnvs: extraEnvs.optional() }).optional(),
      external: ruled(fields(externalEtcdShape), judgeExternalEtcd).optional(),
    }),
    judgeEtcd,
  ).optional(),
  apiServer: fields({ ...component, certSANs: list(subjectName).optional() }).optional(),
  controllerManager: fields(component).optional(),
  scheduler: fields(component).optional(),
  dns: fields({ ...imageShape, disabled: flag().optional() }).optional(),
  proxy: fields({ disabled: flag().optional() }).optional(),
  encryptionAlgorithm: choice(["RSA-2048", "RSA-3072", "RSA-4096", "ECDSA-P256", "ECDSA-P384"]).optional(),
  certificateValidityPeriod: duration.optional(),
  caCertificateValidityPeriod: duration.optional(),
});

const bootstrapTokenDiscovery = ruled(
  fields({
    token,
    apiServerEndpoint: endpointWithPort,
    caCertHashes: list(publicKeyPin).optional(),
    unsafeSkipCAVerification: flag().optional(),
  }),
  ({ caCertHashes = [], unsafeSkipCAVerification = false }) =>
    caCertHashes.length === 0 && !unsafeSkipCAVerification
      ? [[["caCertHashes"], "is missing; give the hash of the CA, or trust anybody with unsafeSkipCAVerification: true"] as const]
      : [],
);

export const discoveryShape = {
  bootstrapToken: bootstrapTokenDiscovery.optional(),
  file: fields({ kubeConfigPath: text() }).optional(),
  tlsBootstrapToken: token.optional(),
} as const;

/** How a machine finds the cluster: by a token or by a file, one of them. */
export function judgeDiscovery({ bootstrapToken: byToken, file }: { readonly bootstrapToken?: unknown; readonly file?: unknown }) {
  if (byToken !== undefined && file !== undefined) return [[["file"], "cannot stand beside bootstrapToken; keep one"] as const];
  return byToken === undefined && file === undefined ? [[[], "lacks a way to the cluster; write bootstrapToken or file"] as const] : [];
}

export const joinShape = {
  nodeRegistration: nodeRegistration.optional(),
  caCertPath: absolutePath.optional(),
  controlPlane: fields({ localAPIEndpoint: localAPIEndpoint.optional(), certificateKey: certificateKey.optional() }).optional(),
  skipPhases: phases.optional(),
  patches: patches.optional(),
} as const;

export const joinConfiguration = fields({
  ...joinShape,
  discovery: ruled(fields(discoveryShape), judgeDiscovery),
  dryRun: flag().optional(),
  timeouts: timeouts.optional(),
});

export const resetConfiguration = fields({
  cleanupTmpDir: flag().optional(),
  certificatesDir: absolutePath.optional(),
  criSocket: criSocket.optional(),
  dryRun: flag().optional(),
  force: flag().optional(),
  ignorePreflightErrors: ignoredChecks.optional(),
  skipPhases: phases.optional(),
  unmountFlags: list(choice(["MNT_FORCE", "MNT_DETACH", "MNT_EXPIRE", "UMOUNT_NOFOLLOW"])).optional(),
  timeouts: timeouts.optional(),
});

const upgradePatches = fields({ directory: absolutePath });

const upgradeShape = {
  dryRun: flag().optional(),
  etcdUpgrade: flag().optional(),
  ignorePreflightErrors: ignoredChecks.optional(),
} as const;

const upgradeNodeShape = {
  ...upgradeShape,
  certificateRenewal: flag().optional(),
  skipPhases: phases.optional(),
  patches: upgradePatches.optional(),
  imagePullPolicy: imagePullPolicy.optional(),
  imagePullSerial: flag().optional(),
} as const;

const upgradePlanShape = {
  ...upgradeShape,
  kubernetesVersion: kubernetesVersion.optional(),
  allowExperimentalUpgrades: flag().optional(),
  allowRCUpgrades: flag().optional(),
  printConfig: flag().optional(),
} as const;

export const upgradeConfiguration = fields({
  apply: fields({ ...upgradeNodeShape, ...upgradePlanShape, forceUpgrade: flag().optional() }).optional(),
  diff: fields({ kubernetesVersion: kubernetesVersion.optional(), contextLines: integer(0, 10_000).optional() }).optional(),
  node: fields(upgradeNodeShape).optional(),
  plan: fields(upgradePlanShape).optional(),
  timeouts: timeouts.optional(),
});

export type InitConfiguration = z.output<typeof initConfiguration>;
export type ClusterConfiguration = z.output<typeof clusterConfiguration>;
export type JoinConfiguration = z.output<typeof joinConfiguration>;
export type ResetConfiguration = z.output<typeof resetConfiguration>;
export type UpgradeConfiguration = z.output<typeof upgradeConfiguration>;
