import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import test, { type ExecutionContext } from "ava";
import { KbootError } from "../../src/errors.ts";
import { askEtcd } from "../../src/kubernetes/etcd-health.ts";

const { signal } = new AbortController();
const metrics = `# HELP etcd_mvcc_db_total_size_in_bytes Total size of the underlying database
etcd_mvcc_db_total_size_in_bytes 2.609152e+06
etcd_server_version{server_version="3.6.8"} 1
`;

/** A server that answers each path with a text, on whatever port is asked for. */
async function serve(t: ExecutionContext, answers: Readonly<Record<string, string>>) {
  const ports: number[] = [];
  const server = createServer((socket) => {
    t.teardown(() => socket.destroy());
    socket.once("data", (request) => {
      const [, path = ""] = request.toString().split(" ");
      const answer = answers[path];
      if (answer !== undefined) socket.end(answer);
    });
  }).listen(0, "127.0.0.1");
  t.teardown(() => server.close());
  await once(server, "listening");
  const host = {
    connect: async (port: number) => {
      ports.push(port);
      return connect((server.address() as AddressInfo).port, "127.0.0.1");
    },
  };
  return { host, ports };
}

function http(body: string, status = "200 OK"): string {
  return `HTTP/1.0 ${status}\r\nContent-Type: text/plain\r\n\r\n${body}`;
}

test("health, size and version are read over the metrics address", async (t) => {
  const { host, ports } = await serve(t, { "/health": http('{"health":"true","reason":""}'), "/metrics": http(metrics) });
  t.deepEqual(await askEtcd(host, signal), { healthy: true, reason: undefined, databaseBytes: 2_609_152, version: "3.6.8" });
  t.deepEqual(ports, [2381, 2381]);
});

test("a member that is not well says why", async (t) => {
  const bad = http('{"health":"false","reason":"RAFT NO LEADER"}', "503 Service Unavailable");
  const { host } = await serve(t, { "/health": bad, "/metrics": http("") });
  t.deepEqual(await askEtcd(host, signal), { healthy: false, reason: "RAFT NO LEADER", databaseBytes: undefined, version: undefined });
});

test("something else on the port is no answer", async (t) => {
  const { host } = await serve(t, { "/health": "SSH-2.0-x\r\n", "/metrics": http(metrics) });
  t.is((await t.throwsAsync(askEtcd(host, signal), { instanceOf: KbootError }))?.code, "api");
  const other = await serve(t, { "/health": http("<html>"), "/metrics": http(metrics) });
  t.is((await t.throwsAsync(askEtcd(other.host, signal), { instanceOf: KbootError }))?.code, "api");
});

test("a silent server is left when the time is up", async (t) => {
  const { host } = await serve(t, {});
  const end = new AbortController();
  const asked = askEtcd(host, end.signal);
  setTimeout(() => end.abort(), 20);
  await t.throwsAsync(asked);
  t.true(end.signal.aborted);
});
