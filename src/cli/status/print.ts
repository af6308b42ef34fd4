import { createColours } from "../../ui/colours.ts";
import { count } from "../../ui/count.ts";
import { formatTable } from "../../ui/table.ts";
import type { Status, VersionStatus } from "./document.ts";

/** A document for reading: a table for each part, and at the end what is not well. Ends with a newline. */
export function printStatus(status: Status, colours = createColours(false)): string {
  const { nodes, network, addons, versions, problems } = status;
  const tables = [
    table("NODE", ["READY", "ROLE", "VERSION", "RUNTIME", "ADDRESS"], nodes.unknown, nodes.items, (node) => [
      node.inInventory ? node.name : `${node.name} (not in the inventory)`,
      node.joined ? yes(node.ready) : "not joined",
      node.role,
      node.version,
      node.runtime,
      node.address,
    ]),
    table("CONTROL PLANE", ["COMPONENT", "STATE"], null, status.controlPlane, ({ host, component, state }) => [host, component, state]),
    table("ETCD", ["HEALTHY", "DATABASE"], null, status.etcd, ({ host, healthy, databaseBytes }) => [
      host,
      healthy === null ? "no answer" : yes(healthy),
      databaseBytes === null ? "" : `${(databaseBytes / 1e6).toFixed(1)} MB`,
    ]),
    table(`NETWORK (${network.plugin})`, ["STATE"], network.unknown, network.items, ({ what, text }) => [what, text]),
    table("ADDON", ["READY"], addons.unknown, addons.items, ({ name, ready, wished }) => [name, `${ready} of ${wished}`]),
    table("VERSION OF", ["WHERE", "WISHED", "RUNNING"], null, groupVersions(versions), ({ what, where, wished, running }) => [
      what,
      where,
      wished,
      running === wished ? running : `${running} (differs)`,
    ]),
    table("CERTIFICATE", ["HOST", "EXPIRES", "DAYS"], null, status.certificates, ({ certificate, host, expires, days }) => [
      certificate,
      host,
      expires?.slice(0, 10) ?? "UNREADABLE",
      days === null ? "" : String(days),
    ]),
  ];
  const verdict = problems.length === 0 ? "all is well" : colours.red(`${count(problems.length, "thing")} not well:`);
  return [...tables, `cluster ${status.cluster}: ${[verdict, ...problems].join("\n  ")}\n`].join("\n");
}

function table<T>(
  what: string,
  headings: readonly string[],
  unknown: string | null,
  items: readonly T[],
  row: (item: T) => readonly string[],
): string {
  const reason = unknown === null ? "" : `${what}  unknown: ${unknown}\n`;
  return items.length === 0 ? reason || `${what}  none\n` : formatTable([what, ...headings], items.map(row)) + reason;
}

function yes(is: boolean): string {
  return is ? "yes" : "NO";
}

/** One line for all places that have the same versions. */
function groupVersions(versions: readonly VersionStatus[]): readonly VersionStatus[] {
  const groups = Map.groupBy(versions, ({ what, wished, running }) => [what, wished, running].join(" "));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    return { ...first, where: group.length > 3 ? `${group.length} hosts` : group.map(({ where }) => where).join(" ") };
  });
}
