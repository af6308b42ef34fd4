import type { Check } from "../engine/contracts.ts";
import type { Problem } from "../errors.ts";
import type { Facts } from "../host/facts.ts";
import type { Cluster } from "../inventory/cluster.ts";
import { externalCa } from "../kubernetes/external-ca.ts";
import type { Live } from "../kubernetes/live.ts";

/** Hosts that share a value which must be each one's own. */
function sharing(facts: ReadonlyMap<string, Facts>, value: (facts: Facts) => string): readonly (readonly string[])[] {
  const byValue = Map.groupBy([...facts], ([, own]) => value(own));
  byValue.delete("");
  return [...byValue.values()].map((entries) => entries.map(([name]) => name)).filter((names) => names.length > 1);
}

/** Clocks may differ by this much before certificates of one host look not yet valid on another (they start five minutes early). */
const toleratedSkewSeconds = 60;

/** By how many seconds a host's clock is ahead of this machine's, negative when it is behind; what its answer took is no part of that. */
function skewOf({ clock: { hostSeconds, askedAt, readAt } }: Facts): number {
  const [earliest, latest] = [askedAt, readAt].map((moment) => Math.floor(moment.getTime() / 1000)) as [number, number];
  return Math.min(hostSeconds - earliest, 0) + Math.max(hostSeconds - latest, 0);
}

const caKeyFile = ({ certificatesDir }: Pick<Cluster, "certificatesDir">) => `${certificatesDir}/ca.key`;

/** Whether the controller manager of a host was told to sign with the key of the cluster's CA. */
function signsItself(facts: Facts | undefined, cluster: Pick<Cluster, "certificatesDir">): boolean {
  return facts?.kubernetes.manifests["kube-controller-manager"]?.includes(`--cluster-signing-key-file=${caKeyFile(cluster)}`) ?? false;
}

/** Checks over all hosts together. */
export const clusterChecks: readonly Check<Live>[] = [
  {
    name: "machine-id",
    problems: ({ facts }) =>
      sharing(facts, ({ machineId }) => machineId).map((names) => ({
        host: names[1],
        message: `${names.join(" and ")} have the same machine-id, as cloned machines do`,
        hint: "on each but one: rm /etc/machine-id && systemd-machine-id-setup, then reboot",
      })),
  },
  {
    name: "hostname",
    problems: ({ facts }) =>
      sharing(facts, ({ hostname }) => hostname).map((names) => ({
        host: names[1],
        message: `${names.join(" and ")} have the same host name`,
        hint: "give each its own: hostnamectl set-hostname NAME",
      })),
  },
  {
    name: "clock",
    code: "clock-skew",
    problems: ({ facts }) =>
      [...facts].flatMap(([host, own]): Problem[] => {
        const skew = skewOf(own);
        const off = `its clock is ${Math.abs(skew)} s ${skew > 0 ? "ahead of" : "behind"} this machine's`;
        const effect =
          skew > 0 ? "certificates made there are not valid yet elsewhere" : "certificates made elsewhere are not valid yet there";
        const hint = `on ${host}: \`timedatectl\`, and start a time service such as \`systemd-timesyncd\`; \`date -u\` there and here has to say the same`;
        return Math.abs(skew) <= toleratedSkewSeconds ? [] : [{ host, message: `${off}: ${effect}`, hint }];
      }),
  },
  {
    name: "one-cluster",
    problems: ({ facts }) => {
      const authorities = new Map(
        [...facts].flatMap(([host, { kubernetes }]) => (kubernetes.caCert === undefined ? [] : [[host, kubernetes.caCert.trim()]])),
      );
      const [first, ...others] = [...authorities];
      const different = others.find(([, pem]) => pem !== first?.[1]);
      return first === undefined || different === undefined
        ? []
        : [
            {
              host: different[0],
              message: `it belongs to another cluster than ${first[0]}: their CA certificates differ`,
              hint: "reset the host that is wrong, or correct the inventory",
            },
          ];
    },
  },
  {
    name: "ca-key",
    problems: ({ cluster, facts }) =>
      externalCa(cluster, facts) === undefined
        ? []
        : cluster.hosts
            .filter(({ name }) => signsItself(facts.get(name), cluster))
            .map(({ name }) => ({
              host: name,
              message: `its controller manager signs with ${caKeyFile(cluster)}, and no control plane has that file`,
              hint: "put the key back. If it is kept elsewhere from now on, the cluster signs no more certificates of kubelets",
            })),
  },
  {
    name: "external-certificates",
    code: "external-certificate",
    problems: (_site, obstacles = []) => obstacles.filter(({ isAhead = false }) => !isAhead),
  },
  {
    name: "external-certificates-end",
    isNotice: true,
    problems: (_site, obstacles = []) =>
      obstacles.flatMap(({ host, message, hint, isAhead }) => (isAhead ? [{ host, message: `${host}: ${message}`, hint }] : [])),
  },
  {
    name: "external-signer",
    isNotice: true,
    problems: ({ cluster, facts }) =>
      externalCa(cluster, facts) === undefined
        ? []
        : cluster.hosts
            .filter(
              ({ name, role }) => role === "worker" && facts.has(name) && facts.get(name)?.kubernetes.kubeletCertificate === undefined,
            )
            .map(({ name: host, nodeName }) => ({
              host,
              message: `to join, ${host} needs a certificate for system:node:${nodeName}, which the cluster does not sign: the key of its CA is elsewhere`,
              hint: "sign its CertificateSigningRequest by your own signer while the join waits for it: `kubectl get csr`",
            })),
  },
  {
    name: "control-planes-reached",
    problems: ({ cluster, facts, unreachable }) => {
      const missing = cluster.hosts.filter((host) => host.role === "control-plane" && unreachable.has(host.name));
      const isNew = [...facts.values()].every(({ kubernetes }) => kubernetes.caCert === undefined);
      return isNew
        ? missing.map(({ name }) => ({
            host: name,
            message: "a new cluster is begun only when every control plane is reached, and this one was not",
            hint: "an unreached host might hold the cluster already; make it reachable or take it out of the inventory",
          }))
        : [];
    },
  },
  {
    name: "one-control-plane",
    problems: ({ cluster }) => {
      const count = cluster.hosts.filter((host) => host.role === "control-plane").length;
      return count <= 1
        ? []
        : [
            {
              host: undefined,
              message: `the inventory has ${count} control planes, and kboot cannot join etcd members yet`,
              hint: "keep one host with role control-plane for now",
            },
          ];
    },
  },
];
