import { type AddressInfo, createServer, type Socket } from "node:net";
import test from "ava";
import { KbootError } from "../../../src/errors.ts";
import { generateBootstrapToken } from "../../../src/kubernetes/bootstrap-token.ts";
import { judgeNoAnswer } from "../../../src/kubernetes/discovery/no-answer.ts";
import { find, hasty } from "./fake-cluster.ts";

const discovery = (endpoint: string) =>
  ({ kind: "token", endpoint, token: generateBootstrapToken(), caCertHashes: [], unsafeSkipCaVerification: true }) as const;

const plain = "HTTP/1.1 400 Bad Request\r\n\r\n";

/**
 * Searches at a server that does as told with the first connection, and speaks plain HTTP on later ones, which ends the search. What was said,
 * the error, and the number of connections.
 */
async function meet(welcome: (socket: Socket) => void, lookMs = hasty.lookMs) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on("error", () => {}));
    if (sockets.length === 1) welcome(socket);
    else socket.write(plain);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const said: string[] = [];
  const options = { say: (text: string) => said.push(text), patience: { ...hasty, lookMs } };
  const error: unknown = await find(discovery(address), options).catch((reason: unknown) => reason);
  const connections = sockets.length;
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  if (!(error instanceof KbootError)) throw new Error("it was no error", { cause: error });
  return { error, address, connections, said };
}

test("a port where nothing listens is told with the reason once time is over", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const said: string[] = [];
  const options = { timeoutSeconds: 0, say: (text: string) => said.push(text) };
  const error = await t.throwsAsync(find(discovery(`127.0.0.1:${port}`), options), { instanceOf: KbootError });
  t.is(error.code, "discovery");
  t.is(error.message, `the API at 127.0.0.1:${port} cannot be reached: the connection is refused, nothing listens there`);
  t.regex(error.hint ?? "", /crictl ps --name kube-apiserver/);
  t.deepEqual(said, [`waiting, since ${error.message}`]);
});

test("a server that does not answer is told with the time, and asked again", async (t) => {
  const { address, said } = await meet(() => {}, 200);
  t.is(said[0], `waiting, since the API at ${address} cannot be reached: no answer within 0.2 s`);
});

test("a connection that is closed may be one of a load balancer without servers", async (t) => {
  const { said, connections } = await meet((socket) => socket.end());
  t.regex(said[0] ?? "", /cannot be reached: /);
  t.is(connections, 2);
});

test("what speaks another protocol is no API, and not asked again", async (t) => {
  const { error, address, connections, said } = await meet((socket) => socket.write(plain));
  t.is(error.code, "discovery");
  t.is(error.message, `what listens at ${address} is not the API of a cluster: it does not speak HTTPS, or asks for a certificate`);
  t.is(connections, 1);
  t.deepEqual(said, []);
});

const endpoint = { host: "api.example.com", port: 6443 };
const fault = (code: string) => new KbootError("api", "m", { cause: Object.assign(new Error(`said ${code}`), { code }) });
const judge = (code: string) => judgeNoAnswer(endpoint, endpoint.host, fault(code), undefined);

test("an unknown name is final, a silent DNS is not", (t) => {
  const error = t.throws(() => judge("ENOTFOUND"), { instanceOf: KbootError });
  t.is(error.code, "discovery");
  t.is(error.message, "the name api.example.com is not known on this machine");
  t.regex(error.hint ?? "", /getent hosts api\.example\.com/);
  t.regex(judge("EAI_AGAIN").message, /api\.example\.com:6443 cannot be reached: DNS does not answer/);
});

test("no way, and what nobody foresaw, are told too", (t) => {
  t.regex(judge("EHOSTUNREACH").message, /no way to that address/);
  t.regex(judge("EPIPE").message, /cannot be reached: said EPIPE/);
  t.regex(judge("ETIMEDOUT").hint ?? "", /nc -zv api\.example\.com 6443/);
});

test("of several addresses the first is told", (t) => {
  const cause = new AggregateError([Object.assign(new Error("first"), { code: "ECONNREFUSED" }), new Error("second")]);
  t.regex(judgeNoAnswer(endpoint, "", new KbootError("api", "m", { cause }), undefined).message, /nothing listens there/);
});
