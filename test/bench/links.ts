import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Lab } from "../cluster/support/lab.ts";
import { openSlowLink } from "./slow-link.ts";

/** The hosts of a set behind proxies, for SSH alone. */
export interface Links {
  readonly hosts: readonly { readonly name: string; readonly nodeAddress: string; readonly address: string; readonly port: number }[];
  readonly knownHosts: string;
  /** Of the host that had most. */
  roundTrips(): number;
  close(): Promise<void>;
}

/** Puts a proxy that delays each way before each of these hosts. Its files go into `folder`. */
export async function openLinks(set: Lab, names: readonly string[], oneWayMs: number, folder: string): Promise<Links> {
  await mkdir(folder, { recursive: true });
  const chosen = set.hosts.filter(({ name }) => names.includes(name));
  // an address of its own for each, since the inventory takes none twice
  const listen = (index: number) => `127.0.0.${11 + index}`;
  const links = await Promise.all(chosen.map(({ address }, index) => openSlowLink(listen(index), { address, port: 22 }, oneWayMs)));
  const hosts = chosen.map(({ name, address }, index) => ({
    name,
    nodeAddress: address,
    address: listen(index),
    port: links[index]?.port ?? 0,
  }));
  const known = (await readFile(set.knownHosts, "utf8")).trim().split("\n");
  const lines = hosts.flatMap(({ nodeAddress, address, port }) =>
    known.flatMap((line) => {
      const [names = "", ...key] = line.split(" ");
      return names.split(",").includes(nodeAddress) ? [`[${address}]:${port} ${key.join(" ")}`] : [];
    }),
  );
  const knownHosts = join(folder, "known_hosts");
  await writeFile(knownHosts, `${lines.join("\n")}\n`);
  return {
    hosts,
    knownHosts,
    roundTrips: () => Math.max(...links.map((link) => link.roundTrips())),
    close: async () => {
      await Promise.all(links.map((link) => link.close()));
    },
  };
}
