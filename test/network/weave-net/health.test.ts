import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import test from "ava";
import type { Host } from "../../../src/host/host.ts";
import { networkPlugin } from "../../../src/network/index.ts";
import { judgeReport } from "../../../src/network/weave-net/health.ts";
import { weaveNetwork } from "../../kubernetes/fixture.ts";

const established = (address: string, name = "fastdp") => ({
  Address: address,
  Outbound: true,
  State: "established",
  Info: `encrypted   ${name} 5e:03:1f:4e:de:f1(worker1)`,
  Attrs: { name, encrypted: true, mtu: 1376 },
});
const ourself = {
  Address: "192.168.56.11:6783",
  Outbound: true,
  State: "failed",
  Info: "cannot connect to ourself, retry: never",
  Attrs: null,
};
const owner = (nickname: string, isKnown = true) => ({ Size: 512, Peer: `peer-${nickname}`, Nickname: nickname, IsKnownPeer: isKnown });

interface Report {
  readonly encryption?: boolean;
  readonly connections?: readonly object[];
  readonly ipam?: object;
}

function report({ encryption = true, connections = [established("192.168.56.21:6783"), ourself], ipam = {} }: Report = {}) {
  return {
    Ready: true,
    Router: { Encryption: encryption, Peers: [{}, {}], Connections: connections },
    IPAM: { Range: "10.244.0.0/16", Paxos: null, Entries: [owner("cp1"), owner("worker1")], ...ipam },
  };
}

const judge = (over: Report, encryption = true) => judgeReport(report(over), { encryption });

test("a node with all of its connections is healthy, though it cannot connect to itself", (t) => {
  t.deepEqual(judge({}), { ok: true, summary: "1 of 1 peers by fastdp, encrypted", problems: [] });
});

test("a node whose addresses nobody owns yet is healthy until somebody has asked for one in vain", (t) => {
  t.true(judge({ ipam: { Entries: null } }).ok);
  t.deepEqual(judge({ ipam: { Entries: null, Paxos: { Elector: true, KnownNodes: 1, Quorum: 2 } } }).problems, [
    "no addresses can be given yet: the peers have not agreed who owns which",
  ]);
});

test("ways of sending are named, mixed ones too", (t) => {
  const connections = [established("a:6783", "sleeve"), established("b:6783")];
  t.is(judge({ connections }).summary, "2 of 1 peers by fastdp and sleeve, encrypted");
  t.is(judge({ connections: [], encryption: false }, false).summary, "0 of 1 peers, not encrypted");
});

test("a connection that fails is told with its reason", (t) => {
  const failed = { Address: "192.168.56.22:6783", State: "failed", Info: "dial tcp: connection refused, retry: soon", Attrs: null };
  const { ok, problems } = judge({ connections: [established("a:6783"), failed, { ...failed, State: "connecting", Info: "" }] });
  t.false(ok);
  t.deepEqual(problems, [
    "the connection to 192.168.56.22:6783 is failed: dial tcp: connection refused, retry: soon",
    "the connection to 192.168.56.22:6783 is connecting",
  ]);
});

test("encryption that is not as asked is told", (t) => {
  t.deepEqual(judge({ encryption: false }).problems, ["encryption is off, and shall not be"]);
  t.deepEqual(judge({}, false).problems, ["encryption is on, and shall not be"]);
});

test("addresses of a peer that is gone are told", (t) => {
  const Entries = [owner("cp1"), owner("worker9", false), owner("worker9", false)];
  t.deepEqual(judge({ ipam: { Entries } }).problems, ["1024 addresses belong to peer-worker9(worker9), which is unreachable"]);
});

test("an answer that is no report is no health", (t) => {
  t.like(judgeReport({ hello: "world" }, { encryption: true }), { ok: false, summary: "no answer" });
});

test("a node is asked at its control port; one that does not answer says why, and one that says nothing is left when time is up", async (t) => {
  const answering = createServer((request, response) => {
    response.end(request.url === "/report" && request.headers.accept === "application/json" ? JSON.stringify(report()) : "?");
  }).listen(0, "127.0.0.1");
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  t.teardown(() => {
    for (const server of [answering, silent]) {
      server.closeAllConnections();
      server.close();
    }
  });
  await Promise.all([answering, silent].map((server) => once(server, "listening")));
  const plugin = networkPlugin({ network: weaveNetwork({ httpAddress: "127.0.0.1:7784" }) });
  /** Asks a host whose control port leads to this server, or nowhere. */
  const ask = (server: Server | undefined) => {
    const host = {
      connect: async (wanted: number) => {
        if (wanted !== 7784) throw new Error(`asked at port ${wanted}`);
        if (server === undefined) throw new Error("connection refused");
        const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
        await once(socket, "connect");
        return socket;
      },
    };
    return plugin?.health(host as unknown as Host, AbortSignal.timeout(500));
  };
  t.like(await ask(answering), { ok: true });
  t.deepEqual((await ask(undefined))?.problems, ["weaver does not answer on this node: connection refused"]);
  const left = await ask(silent)?.catch(() => ({ ok: false }));
  t.like(left, { ok: false });
});
