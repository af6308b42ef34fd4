import { get } from "node:http";
import { z } from "zod";
import type { Host } from "../../host/host.ts";
import type { WeaveNetwork } from "../../inventory/cluster.ts";
import type { NetworkHealth } from "../plugin.ts";

const connection = z.object({
  Address: z.string(),
  State: z.string(),
  Info: z.string(),
  Attrs: z.record(z.string(), z.unknown()).nullish(),
});

/** What weaver says at /report (prog/weaver/http.go, v2.9.0), as far as it is looked at. */
const reportSchema = z.object({
  Router: z.object({
    Encryption: z.boolean(),
    Peers: z.array(z.unknown()).nullable(),
    Connections: z.array(connection).nullable(),
  }),
  IPAM: z.object({
    Range: z.string(),
    Paxos: z.unknown().nullish(),
    Entries: z.array(z.object({ Size: z.number(), Peer: z.string(), Nickname: z.string(), IsKnownPeer: z.boolean() })).nullable(),
  }),
});

/** Asks weaver's control port on the node, through the connection to the host. */
export async function readWeaveHealth(host: Host, settings: WeaveNetwork, signal: AbortSignal): Promise<NetworkHealth> {
  const port = Number(settings.httpAddress.split(":")[1]);
  try {
    return judgeReport(JSON.parse(await fetchReport(host, port, signal)), settings);
  } catch (error) {
    return noAnswer((error as Error).message);
  }
}

function noAnswer(why: string): NetworkHealth {
  return { ok: false, summary: "no answer", problems: [`weaver does not answer on this node: ${why}`] };
}

async function fetchReport(host: Host, port: number, signal: AbortSignal): Promise<string> {
  const socket = await host.connect(port, signal);
  return new Promise((resolve, reject) => {
    const headers = { accept: "application/json", connection: "close" };
    get({ createConnection: () => socket, path: "/report", headers, signal }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
      response.on("error", reject);
    }).on("error", reject);
  });
}

/** What a report means. A connection to itself that fails is normal: a node's list of peers holds the node. */
export function judgeReport(report: unknown, { encryption }: Pick<WeaveNetwork, "encryption">): NetworkHealth {
  const { data, error } = reportSchema.safeParse(report);
  if (data === undefined) return noAnswer(z.prettifyError(error));
  const { Router: router, IPAM: ipam } = data;
  const others = (router.Connections ?? []).filter(({ Info }) => !Info.includes("connect to ourself"));
  const established = others.filter(({ State }) => State === "established");
  const owners = ipam.Entries ?? [];
  const lost = owners.filter(({ IsKnownPeer }) => !IsKnownPeer);
  const problems = [
    ...others
      .filter(({ State }) => State !== "established")
      .map(({ Address, State, Info }) => `the connection to ${Address} is ${State}${Info === "" ? "" : `: ${Info}`}`),
    ...(router.Encryption === encryption ? [] : [`encryption is ${router.Encryption ? "on" : "off"}, and shall not be`]),
    ...[...Map.groupBy(lost, ({ Peer, Nickname }) => `${Peer}(${Nickname})`)].map(
      ([peer, entries]) => `${entries.reduce((sum, { Size }) => sum + Size, 0)} addresses belong to ${peer}, which is unreachable`,
    ),
    ...(owners.length === 0 && ipam.Paxos ? ["no addresses can be given yet: the peers have not agreed who owns which"] : []),
  ];
  const ways = [...new Set(established.map(({ Attrs }) => String(Attrs?.["name"] ?? "an unknown way")))].sort();
  const known = Math.max(0, (router.Peers ?? []).length - 1);
  return {
    ok: problems.length === 0,
    summary: `${established.length} of ${known} peers${ways.length === 0 ? "" : ` by ${ways.join(" and ")}`}, ${router.Encryption ? "encrypted" : "not encrypted"}`,
    problems,
  };
}
