import type { Draft, DraftEntry } from "./draft.ts";
import { networkRules } from "./network-rules.ts";
import { ownedSettings } from "./owned.ts";
import { judgePatches } from "./patches.ts";
import type { Finding, Path } from "./problem.ts";
import { networkingOf, pkiOf, sshPortOf } from "./resolve.ts";
import { defaultPlugin } from "./resolve-network.ts";
import type { InventorySpec } from "./schema.ts";
import { contains, isIpv4, overlap, prefixLengthOf } from "./subnet.ts";

type Rule = (draft: Draft) => readonly Finding[];

/** In the engine the name of the place that is no host: `clusterPlace`. */
const reservedName = "cluster";

/** What is wrong between parts of a file. */
export function judgeDraft(draft: Draft): readonly Finding[] {
  const rules: readonly Rule[] = [
    uniqueHosts,
    controlPlanes,
    transports,
    subnets,
    podSubnetSize,
    networkRules,
    bindPort,
    validity,
    taints,
    containerRuntimes,
    ownedSettings,
    judgePatches,
  ];
  return rules.flatMap((rule) => rule(draft));
}

function hostPath(index: number, ...rest: Path): Path {
  return ["spec", "hosts", index, ...rest];
}

const uniqueHosts: Rule = ({ hosts, spec }) => {
  const reserved = hosts
    .filter(({ host }) => host.name === reservedName)
    .map(({ index, host }) => ({
      path: hostPath(index, "name"),
      message: `${host.name} stands for the cluster's API; choose another name`,
    }));
  return [
    ...reserved,
    ...repeated(hosts, "name", ({ host }) => host.name, "the name"),
    ...repeated(hosts, "address", (entry) => sshTarget(entry, spec.ssh), "the address"),
    // where no node name is written the host's name is it, and has been compared already
    ...repeated(hosts, "nodeName", ({ host }) => host.nodeName ?? host.name, "the node name").filter(
      ({ path }) => hosts.find(({ index }) => index === path[2])?.host.nodeName !== undefined,
    ),
    ...repeated(hosts, "nodeAddress", ({ host }) => host.nodeAddress, "the node address"),
  ];
};

function sshTarget({ host, wrong }: DraftEntry, ssh: InventorySpec["ssh"]): string | undefined {
  if (host.address === undefined || host.transport === "local" || wrong.has("transport") || wrong.has("ssh")) return undefined;
  const port = sshPortOf(host, ssh);
  return port === 22 ? host.address.toLowerCase() : `${host.address.toLowerCase()}:${port}`;
}

function repeated(
  hosts: Draft["hosts"],
  field: string,
  value: (entry: DraftEntry) => string | undefined,
  what: string,
): readonly Finding[] {
  const first = new Map<string, number>();
  return hosts.flatMap((entry) => {
    const { index } = entry;
    const own = value(entry);
    if (own === undefined) return [];
    const before = first.get(own);
    if (before === undefined) first.set(own, index);
    return before === undefined
      ? []
      : [{ path: hostPath(index, field), message: `${what} ${own} is also that of hosts[${before}]; each host needs its own` }];
  });
}

const controlPlanes: Rule = ({ hosts, wrong }) =>
  wrong.has("hosts") || hosts.some((entry) => entry.wrong.has("role") || entry.host.role === "control-plane")
    ? []
    : [{ path: ["spec", "hosts"], message: "no host is a control plane; give at least one role: control-plane" }];

const transports: Rule = ({ hosts }) => {
  const local = hosts.filter(({ host }) => host.transport === "local");
  return [
    ...local.slice(1).map(({ index }) => ({
      path: hostPath(index, "transport"),
      message: `hosts[${local[0]?.index}] is the local machine already; reach this host over ssh`,
    })),
    ...local
      .filter(({ host }) => host.ssh !== undefined)
      .map(({ index }) => ({ path: hostPath(index, "ssh"), message: "has no effect with transport: local; remove it" })),
  ];
};

const subnets: Rule = ({ spec, hosts, wrong }) => {
  if (wrong.has("networking")) return [];
  const { podSubnet, serviceSubnet } = networkingOf(spec);
  const named = { podSubnet, serviceSubnet };
  const written = spec.networking?.serviceSubnet === undefined ? "podSubnet" : "serviceSubnet";
  const serviceLength = prefixLengthOf(serviceSubnet);
  const findings: Finding[] = [];
  if (overlap(podSubnet, serviceSubnet)) {
    findings.push({
      path: ["spec", "networking", written],
      message:
        written === "serviceSubnet"
          ? `${serviceSubnet} overlaps podSubnet ${podSubnet}; choose subnets that have no address in common`
          : `${podSubnet} overlaps serviceSubnet ${serviceSubnet}; choose subnets that have no address in common`,
    });
  }
  if (serviceLength < 12 || serviceLength > 28) {
    findings.push({
      path: ["spec", "networking", "serviceSubnet"],
      message:
        serviceLength < 12
          ? `${serviceSubnet} is larger than the API server takes; choose /12 or smaller`
          : `${serviceSubnet} has no tenth address, which is the cluster's DNS; choose /28 or larger`,
    });
  }
  const places = [
    ...hosts.flatMap(({ index, host }) =>
      (["address", "nodeAddress"] as const).map((field) => ({ path: hostPath(index, field), address: host[field] })),
    ),
    { path: ["spec", "apiEndpoint", "host"], address: spec.apiEndpoint?.host },
  ];
  for (const { path, address } of places) {
    for (const [subnetName, subnet] of Object.entries(named)) {
      if (address !== undefined && isIpv4(address) && contains(subnet, address)) {
        findings.push({ path, message: `${address} lies in ${subnetName} ${subnet}; choose another subnet in networking.${subnetName}` });
      }
    }
  }
  return findings;
};

/** kube-controller-manager gives each node a part of the pod subnet, and takes at most 65536 parts (pkg/controller/nodeipam, v1.36). */
const podSubnetSize: Rule = ({ spec, hosts, wrong }) => {
  if (wrong.has("networking") || wrong.has("extraArgs")) return [];
  const { podSubnet } = networkingOf(spec);
  const args = spec.extraArgs?.controllerManager ?? {};
  const nodeLength = Number(args["node-cidr-mask-size-ipv4"] ?? args["node-cidr-mask-size"] ?? 24);
  const length = prefixLengthOf(podSubnet);
  const path = ["spec", "networking", "podSubnet"];
  if (length > nodeLength) {
    return [{ path, message: `${podSubnet} is smaller than the /${nodeLength} that each node gets of it; choose a larger one` }];
  }
  if (nodeLength - length > 16) {
    return [
      {
        path,
        message: `${podSubnet} has more than 65536 parts of /${nodeLength}, one for each node; choose /${nodeLength - 16} or smaller`,
      },
    ];
  }
  const room = 2 ** (nodeLength - length);
  return (spec.network?.plugin ?? defaultPlugin) === "flannel" && hosts.length > room
    ? [{ path, message: `${podSubnet} has a /${nodeLength} for ${room} of ${hosts.length} hosts; choose a larger one` }]
    : [];
};

const containerRuntimes: Rule = ({ spec, hosts }) =>
  [
    { runtime: spec.containerRuntime, path: ["spec", "containerRuntime", "package"] },
    ...hosts.map(({ index, host }) => ({ runtime: host.containerRuntime, path: hostPath(index, "containerRuntime", "package") })),
  ].flatMap(({ runtime, path }) =>
    runtime !== undefined && runtime.from !== "package" && runtime.package !== undefined
      ? [{ path, atKey: true, message: `has no meaning with from: ${runtime.from}; remove it, or write from: package` }]
      : [],
  );

/** Ports on which a control plane's other parts listen (kubeadm/app/constants, pkg/cluster/ports, v1.36). */
const takenPorts: ReadonlyMap<number, string> = new Map([
  [2379, "etcd"],
  [2380, "etcd"],
  [2381, "etcd"],
  [10248, "the kubelet"],
  [10249, "kube-proxy"],
  [10250, "the kubelet"],
  [10256, "kube-proxy"],
  [10257, "kube-controller-manager"],
  [10259, "kube-scheduler"],
]);

const bindPort: Rule = ({ spec }) => {
  const port = spec.apiEndpoint?.bindPort;
  const other = port === undefined ? undefined : takenPorts.get(port);
  return other === undefined
    ? []
    : [{ path: ["spec", "apiEndpoint", "bindPort"], message: `${port} is the port of ${other} on each control plane; choose another` }];
};

const validity: Rule = ({ spec }) => {
  const { certificateValidityDays, caCertificateValidityDays } = pkiOf(spec);
  return certificateValidityDays <= caCertificateValidityDays
    ? []
    : [
        {
          path: ["spec", "pki", "certificateValidityDays"],
          message: `certificates of ${certificateValidityDays} days would outlive their CA of ${caCertificateValidityDays}; choose fewer days, or a larger caCertificateValidityDays`,
        },
      ];
};

const taints: Rule = ({ hosts }) =>
  hosts.flatMap(({ index, host }) =>
    (host.taints ?? []).flatMap((taint, position, all) =>
      all.findIndex(({ key, effect }) => key === taint.key && effect === taint.effect) === position
        ? []
        : [{ path: hostPath(index, "taints", position), message: `${taint.key} with effect ${taint.effect} is there twice; keep one` }],
    ),
  );
