import type { CertificateStatus, Part, Status } from "./document.ts";

/** Certificates that end sooner are a problem: `kboot apply` renews them from here on. */
const warningDays = 30;

/** What is not well in a document, a sentence each. Pure. */
export function listProblems(status: Omit<Status, "ok" | "problems">): readonly string[] {
  const { hosts, apiServers, nodes, controlPlane, etcd, network, addons, certificates } = status;
  const isReached = new Map(hosts.map(({ host, reached }) => [host, reached]));
  // what a host that was not reached would have said needs no lines of its own
  const reached = <T extends { readonly host: string }>(entries: readonly T[]) =>
    entries.filter(({ host }) => isReached.get(host) === true);
  const isAnyReady = apiServers.some(({ ready }) => ready);
  return [
    ...hosts.filter((host) => !host.reached).map(({ host, why }) => `${host}: not reached: ${why}`),
    ...reached(apiServers)
      .filter(({ ready }) => !ready)
      .map(({ host, why }) => `${host}: the API server does not answer as it should: ${why}`),
    ...reached(etcd)
      .filter(({ healthy }) => healthy !== true)
      .map(({ host, why }) => `${host}: etcd does not answer as it should: ${why}`),
    ...controlPlane
      .filter(({ state }) => state === "missing" || state === "not ready" || state === "stopped")
      .map(({ host, component, state }) => `${host}: ${component} is ${state}`),
    ...nodes.items
      .filter(({ ready }) => !ready)
      .map(({ name, joined, why }) => (joined ? `node ${name} is not ready: ${why}` : `${name} has not joined the cluster`)),
    ...network.items.filter(({ ok }) => !ok).map(({ what, text }) => `pod network, ${what}: ${text}`),
    ...addons.items.filter(({ ok }) => !ok).map(({ name, ready, wished }) => `${name}: ${ready} of ${wished} pods ready`),
    // one reason is enough where no API server answers
    ...(isAnyReady ? listUnknown({ nodes, "pod network": network, addons }) : []),
    ...certificates.flatMap((one) => tellCertificate(one) ?? []),
  ];
}

function tellCertificate({ host, certificate, expires, days, why }: CertificateStatus): string | undefined {
  if (expires === null || days === null) return `${host}: certificate ${certificate} cannot be read: ${why}`;
  if (days >= warningDays) return undefined;
  const date = expires.slice(0, 10);
  return days < 0
    ? `${host}: certificate ${certificate} expired on ${date}`
    : `${host}: certificate ${certificate} expires in ${days} days, on ${date}`;
}

function listUnknown(parts: Readonly<Record<string, Part<unknown>>>): readonly string[] {
  return Object.entries(parts).flatMap(([name, { unknown }]) => (unknown === null ? [] : [`${name}: unknown: ${unknown}`]));
}
