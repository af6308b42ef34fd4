import { z } from "zod";
import { choice, extraArgs, fields, integer, judged, list, map, text, wrongType } from "./fields.ts";
import { judgeKey, judgeLabelKey, judgeValue } from "./marks.ts";
import { judgePercent } from "./max-unavailable.ts";
import { network } from "./network-schema.ts";
import { patches } from "./patches.ts";
import { judgeHostAddress, judgeSubnet } from "./subnet.ts";
import {
  judgeAddress,
  judgeCertificatesDir,
  judgeEndpointHost,
  judgeKubernetesVersion,
  judgeLabel,
  judgeLogPath,
  judgePackage,
  judgePath,
  judgeRepository,
  judgeSan,
  judgeSubdomain,
  judgeUrl,
  judgeUser,
} from "./syntax.ts";
import { judgeSysctl, judgeSysctlValue } from "./sysctls.ts";

/** Free-form: whatever the component's own configuration knows. */
const settings = z.record(z.string(), z.unknown(), { error: wrongType("a map") });

const ssh = fields({
  user: text(judgeUser).optional(),
  port: integer(1, 65535).optional(),
  identityFiles: list(text(judgePath)).optional(),
  knownHostsFile: text(judgePath).optional(),
  connectTimeoutSeconds: integer(1, 600).optional(),
});

const taint = fields({
  key: text(judgeKey),
  value: text(judgeValue).optional(),
  effect: choice(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
});

const containerRuntime = fields({
  from: choice(["sources", "package", "host"]),
  package: text(judgePackage).optional(),
});

const kubernetes = fields({ from: choice(["sources", "host"]) });

/** The fields of a host, each on its own. */
export const hostShape = {
  name: text(judgeSubdomain),
  address: text(judgeAddress).optional(),
  transport: choice(["ssh", "local"]).optional(),
  role: choice(["control-plane", "worker"]),
  nodeName: text(judgeSubdomain).optional(),
  nodeAddress: text(judgeHostAddress).optional(),
  labels: map(text(judgeValue), judgeLabelKey).optional(),
  taints: list(taint).optional(),
  ssh: ssh.optional(),
  containerRuntime: containerRuntime.optional(),
  kubernetes: kubernetes.optional(),
  kubelet: settings.optional(),
  kubeletExtraArgs: extraArgs.optional(),
  patches: patches.optional(),
} as const;

const hostSchema = fields(hostShape, "write name, address and role")
  .superRefine(
    (host, { addIssue }) => {
      if (host.transport === "local" || host.address !== undefined) return;
      addIssue({ code: "custom", path: ["address"], message: "is missing; write the IPv4 address or DNS name that SSH connects to" });
    },
    // also when another field of the host is wrong
    { when: ({ value }) => typeof value === "object" && value !== null },
  )
  .meta({ anyOf: [{ required: ["address"] }, { required: ["transport"], properties: { transport: { const: "local" } } }] });

const source = z.union(
  [
    z.literal("upstream"),
    fields({ bundle: text(judgePath) }),
    fields({ mirror: text(judgeUrl) }),
    fields({ registry: text(judgeRepository), insecure: z.boolean({ error: wrongType("true or false") }).optional() }),
  ],
  { error: "is not a source; write upstream, bundle: and a directory, mirror: and a URL, or registry: and an address" },
);

/** The fields below `spec`, each on its own. */
export const specShape = {
  kubernetesVersion: text(judgeKubernetesVersion, "write a version such as 1.36.3"),
  apiEndpoint: fields({
    host: text(judgeEndpointHost).optional(),
    port: integer(1, 65535).optional(),
    bindPort: integer(1, 65535).optional(),
  }).optional(),
  certSANs: list(text(judgeSan)).optional(),
  networking: fields({
    podSubnet: text(judgeSubnet).optional(),
    serviceSubnet: text(judgeSubnet).optional(),
    dnsDomain: text(judgeSubdomain).optional(),
  }).optional(),
  network: network.optional(),
  imageRepository: text(judgeRepository).optional(),
  pki: fields({
    encryptionAlgorithm: choice(["RSA-2048", "RSA-3072", "RSA-4096", "ECDSA-P256", "ECDSA-P384"]).optional(),
    certificatesDir: text(judgeCertificatesDir).optional(),
    certificateValidityDays: integer(1, 36500).optional(),
    caCertificateValidityDays: integer(1, 36500).optional(),
  }).optional(),
  ssh: ssh.optional(),
  containerRuntime: containerRuntime.optional(),
  kubernetes: kubernetes.optional(),
  kubelet: settings.optional(),
  kubeProxy: settings.optional(),
  containerd: settings.optional(),
  extraArgs: fields({
    apiServer: extraArgs.optional(),
    controllerManager: extraArgs.optional(),
    scheduler: extraArgs.optional(),
    etcd: extraArgs.optional(),
    kubelet: extraArgs.optional(),
  }).optional(),
  patches: patches.optional(),
  sysctls: map(z.union([z.int(), text(judgeSysctlValue)], { error: "must be a whole number or text" }), judgeSysctl).optional(),
  audit: fields({
    policyFile: text(judgePath, "name a file with an audit policy"),
    logPath: text(judgeLogPath).optional(),
    maxAgeDays: integer(0, 36500).optional(),
    maxBackups: integer(0, 10000).optional(),
    maxSizeMegabytes: integer(0, 100000).optional(),
  }).optional(),
  sources: list(source).optional(),
  maxUnavailable: z
    .union([integer(1, 5000), text(judgePercent)], { error: "is neither a number nor a part; write 1 or more, or 1% to 100%" })
    .optional(),
  ignoreChecks: list(text()).optional(),
  hosts: judged(list(hostSchema, "name at least one host"), (hosts) =>
    hosts.length === 0 ? "is empty; name at least one host" : undefined,
  ).meta({ minItems: 1 }),
} as const;

/** What to write into an empty file. */
export const beginning = "an inventory begins with apiVersion: kboot.dev/v1alpha1";

/** The whole file. */
export const inventorySchema = fields(
  {
    apiVersion: choice(["kboot.dev/v1alpha1"]),
    kind: choice(["Cluster"]),
    metadata: fields({ name: text(judgeLabel) }, "write metadata: { name: ... }"),
    spec: fields(specShape),
  },
  beginning,
);

export type InventoryFile = z.output<typeof inventorySchema>;
export type InventorySpec = InventoryFile["spec"];
export type InventoryHost = z.output<typeof hostSchema>;
