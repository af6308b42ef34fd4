import { hostname } from "node:os";
import { createEmit } from "../engine/events.ts";
import { reachHosts } from "../engine/reach.ts";
import { KbootError } from "../errors.ts";
import type { Facts } from "../host/facts.ts";
import type { RunIdentity } from "../host/host.ts";
import { openHost } from "../host/open-host.ts";
import { type ClusterHost, usualCertificatesDir } from "../inventory/cluster.ts";
import { dial, type Endpoint } from "../kubernetes/endpoint.ts";

/** Where a run on the machine itself keeps its log. */
export const machineLogs = "/var/log/kboot";

/** Throws KbootError `privilege` unless this process is root's. */
export function assertRoot(command: string): void {
  if (process.getuid?.() !== 0)
    throw new KbootError("privilege", `kboot ${command} needs root on this machine`, { hint: `sudo kboot ${command} ...` });
}

/** What the node of this machine is called unless somebody says otherwise. */
export function ownNodeName(): string {
  return hostname().toLowerCase();
}

/** This machine as a host of an inventory. */
export function localHost(over: Pick<ClusterHost, "name" | "role"> & Partial<ClusterHost>): ClusterHost {
  return {
    nodeName: over.name,
    transport: "local",
    address: "127.0.0.1",
    nodeAddress: undefined,
    labels: {},
    taints: [],
    ssh: { user: "root", port: 22, identityFiles: [], knownHostsFile: "/dev/null", connectTimeoutSeconds: 10 },
    containerRuntime: { from: "sources" },
    kubernetes: { from: "sources" },
    kubelet: {},
    kubeletExtraArgs: [],
    patches: [],
    ...over,
  };
}

/** The facts of this machine. */
export async function readOwnFacts(run: RunIdentity, signal: AbortSignal): Promise<Facts> {
  const host = localHost({ name: ownNodeName(), role: "worker" });
  const { hosts, facts, unreachable } = await reachHosts(
    [host],
    { certificatesDir: usualCertificatesDir },
    (one) => openHost(one, run, { signal }),
    createEmit([]),
    signal,
  );
  await Promise.all([...hosts.values()].map((one) => one.close()));
  const own = facts.get(host.name);
  if (own === undefined) throw unreachable.get(host.name) ?? new Error("this machine has told no facts");
  return own;
}

/** The IPv4 address of the interface that the default route leads to; undefined where there is none. */
export function addressOfDefaultRoute({ routes, addresses }: Pick<Facts, "routes" | "addresses">): string | undefined {
  const route = routes.find(({ destination, source }) => destination === "default" && !source?.includes(":"));
  return route?.source ?? addresses.find(({ device, family }) => family === "inet" && device === route?.device)?.address;
}

/** The addresses of both ends of a connection to the API: this machine's as a node, and the API's. Throws what `dial` throws. */
export async function addressesTowards(endpoint: Endpoint, signal: AbortSignal): Promise<{ readonly own: string; readonly api: string }> {
  const socket = await dial(endpoint, signal);
  const { localAddress, remoteAddress } = socket;
  socket.destroy();
  if (localAddress === undefined || remoteAddress === undefined) throw new Error("the connection to the API was lost at once");
  return { own: localAddress, api: remoteAddress };
}
