import type { Check, Site } from "../engine/contracts.ts";
import type { Problem } from "../errors.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { controlPlaneKey } from "../inventory/marks.ts";
import { endpointAddress } from "../kubernetes/kubeadm-config.ts";
import type { Live } from "../kubernetes/live.ts";
import { type Settled, settledByManifests } from "../kubernetes/settled.ts";
import { minorVersion } from "../kubernetes/versions.ts";

/** All that is known of what the cluster has settled on: by the hosts' manifests, and by what the API has. */
function sources({ facts, live }: Site<Live>): readonly Settled[] {
  return [...[...facts.values()].map(({ kubernetes }) => settledByManifests(kubernetes.manifests)), ...(live?.settled ?? [])];
}

/**
 * What is there instead of the wish, if something is. One source that agrees is enough: then another was changed by hand, and is put right.
 */
function instead(said: readonly (string | undefined)[], wish: string): string | undefined {
  const known = said.filter((value) => value !== undefined && value !== "");
  return known.includes(wish) ? undefined : known[0];
}

interface Unchangeable {
  readonly check: string;
  readonly what: string;
  readonly field: string;
  said(settled: Settled): string | undefined;
  wish(cluster: Cluster): string;
  readonly why: string;
}

const newCluster = "or make a new cluster: kboot reset, then kboot apply";

const table: readonly Unchangeable[] = [
  {
    check: "service-subnet-change",
    what: "service subnet",
    field: "networking.serviceSubnet",
    said: ({ serviceSubnet }) => serviceSubnet,
    wish: ({ serviceSubnet }) => serviceSubnet,
    why: "every Service has an address of it",
  },
  {
    check: "pod-subnet-change",
    what: "pod subnet",
    field: "networking.podSubnet",
    said: ({ podSubnet }) => podSubnet,
    wish: ({ podSubnet }) => podSubnet,
    why: "every node and pod has addresses of it",
  },
  {
    check: "dns-domain-change",
    what: "DNS domain",
    field: "networking.dnsDomain",
    said: ({ dnsDomain }) => dnsDomain,
    wish: ({ dnsDomain }) => dnsDomain,
    why: "tokens of service accounts and running pods carry it",
  },
  {
    check: "endpoint-change",
    what: "endpoint",
    field: "apiEndpoint",
    said: ({ endpoint }) => endpoint,
    wish: endpointAddress,
    why: "the kubeconfig of every node names it",
  },
  {
    check: "certificates-dir-change",
    what: "certificates' directory",
    field: "pki.certificatesDir",
    said: ({ certificatesDir }) => certificatesDir,
    wish: ({ certificatesDir }) => certificatesDir,
    why: "the cluster's authorities are there, and new ones would be made in another",
  },
  {
    check: "version-change",
    what: "Kubernetes version",
    field: "kubernetesVersion",
    said: ({ kubernetesVersion }) => kubernetesVersion,
    wish: ({ kubernetesVersion }) => kubernetesVersion,
    why: "kboot does not upgrade or downgrade a running cluster yet",
  },
  {
    check: "etcd-change",
    what: "etcd version",
    field: "kubernetesVersion",
    said: ({ etcdVersion }) => etcdVersion,
    wish: ({ kubernetesVersion }) => minorVersion(kubernetesVersion).etcd,
    why: "kboot does not upgrade or downgrade etcd yet",
  },
];

/** What a host is in the cluster and shall not be any more. */
function changedHosts(
  site: Site<Live>,
  judge: (host: Cluster["hosts"][number], has: { readonly isControlPlane: boolean; readonly hasJoined: boolean }) => string | undefined,
  hint: (host: string) => string,
): readonly Problem[] {
  return site.cluster.hosts.flatMap((host) => {
    const facts = site.facts.get(host.name);
    if (facts === undefined) return [];
    const { manifests, kubeletCertificate } = facts.kubernetes;
    const message = judge(host, { isControlPlane: manifests["kube-apiserver"] !== undefined, hasJoined: kubeletCertificate !== undefined });
    return message === undefined ? [] : [{ host: host.name, message, hint: hint(host.name) }];
  });
}

/** Refuses what cannot be changed in a running cluster. What is not known is not refused. */
export const inPlaceChecks: readonly Check<Live>[] = [
  ...table.map(
    ({ check, what, field, said, wish, why }): Check<Live> => ({
      name: check,
      problems(site) {
        const wished = wish(site.cluster);
        const is = instead(sources(site).map(said), wished);
        return is === undefined
          ? []
          : [
              {
                host: undefined,
                message: `the cluster's ${what} is ${is}, and the inventory asks for ${wished}; it cannot be changed in place: ${why}`,
                hint: `correct ${field} in the inventory, ${newCluster}`,
              },
            ];
      },
    }),
  ),
  {
    name: "node-address-change",
    problems: (site) =>
      changedHosts(
        site,
        ({ name }) => {
          const { manifests } = site.facts.get(name)?.kubernetes ?? { manifests: {} };
          const wished = site.nodeAddress.get(name) ?? "";
          const is = instead(settledByManifests(manifests).nodeAddresses ?? [], wished);
          return is === undefined ? undefined : `its API server and etcd announce ${is}, and its node address is now ${wished}`;
        },
        () => `set nodeAddress to the one it had, ${newCluster}`,
      ),
  },
  {
    name: "bind-port-change",
    problems: (site) =>
      changedHosts(
        site,
        ({ name }) => {
          const { bindPort } = settledByManifests(site.facts.get(name)?.kubernetes.manifests ?? {});
          if (bindPort === undefined) return undefined;
          const is = instead([bindPort, ...(site.live?.settled ?? []).map((settled) => settled.bindPort)], `${site.cluster.bindPort}`);
          return is === undefined
            ? undefined
            : `its API server listens on port ${is}, and the inventory asks for ${site.cluster.bindPort}; it cannot be changed in place: those who use the API know it there`;
        },
        () => `correct apiEndpoint.bindPort in the inventory, ${newCluster}`,
      ),
  },
  {
    name: "node-name-change",
    problems: (site) =>
      changedHosts(
        site,
        ({ name, nodeName }, { hasJoined }) => {
          const nodes = [...(site.live?.nodes.values() ?? [])];
          const own = hasJoined ? nodes.filter(({ internalAddress }) => internalAddress === site.nodeAddress.get(name)) : [];
          const is = instead(
            own.map((node) => node.name),
            nodeName,
          );
          return is === undefined ? undefined : `it is the node ${is} of the cluster, and the inventory calls it ${nodeName}`;
        },
        (host) => `set nodeName to the one it has, or take it out of the cluster first: kboot reset --limit ${host}`,
      ),
  },
  {
    name: "role-change",
    problems: (site) =>
      changedHosts(
        site,
        ({ role, nodeName }, { isControlPlane, hasJoined }) => {
          if (role === "worker") return isControlPlane ? "it runs a control plane, and the inventory makes it a worker" : undefined;
          const node = site.live?.nodes.get(nodeName);
          const isWorker = hasJoined && !isControlPlane && node !== undefined && node.labels[controlPlaneKey] === undefined;
          return isWorker ? "it is a worker of the cluster, and the inventory makes it a control plane" : undefined;
        },
        (host) => `set the role it has, or take it out of the cluster first: kboot reset --limit ${host}`,
      ),
  },
  {
    name: "left-inventory",
    isNotice: true,
    problems: ({ cluster, live }) =>
      nodesNotIn(cluster, [...(live?.nodes.keys() ?? [])]).map((node) => ({
        host: undefined,
        message: `the node ${node} is in the cluster, but not in the inventory; nothing is done about it`,
        hint: "put its host back, run kboot reset --limit for it and then take it out, or, where the host is gone: kubectl delete node",
      })),
  },
];

/** Nodes of the cluster that no host of the inventory is. */
function nodesNotIn(cluster: Cluster, nodes: readonly string[]): readonly string[] {
  return nodes.filter((name) => !cluster.hosts.some(({ nodeName }) => nodeName === name));
}
