import type { Check } from "../engine/contracts.ts";
import type { Problem } from "../errors.ts";
import type { Facts } from "../host/facts.ts";
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
    problems: ({ cluster, facts }) => {
      const reached = cluster.hosts.filter(({ name, role }) => role === "control-plane" && facts.has(name)).map(({ name }) => name);
      const keyless = reached.filter((name) => facts.get(name)?.kubernetes.caCert !== undefined);
      const isLost = keyless.length > 0 && reached.every((name) => facts.get(name)?.kubernetes.caKey === undefined);
      return (isLost ? keyless : []).map((host) => ({
        host,
        message: `it has the certificate of a CA, ${cluster.certificatesDir}/ca.crt, and no control plane has its key, so nothing can be signed`,
        hint: "a node of another cluster: reset it there first. Else put ca.key beside it; kboot does not run with a CA that is elsewhere",
      }));
    },
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
