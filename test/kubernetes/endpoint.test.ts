import { type AddressInfo, createServer } from "node:net";
import test from "ava";
import { KbootError } from "../../src/errors.ts";
import { dial, endpointOf, parseEndpoint, showEndpoint } from "../../src/kubernetes/endpoint.ts";

test("an endpoint is read and shown in one form", (t) => {
  for (const [text, host] of [
    ["10.0.0.5:6443", "10.0.0.5"],
    ["[2001:db8::5]:6443", "2001:db8::5"],
    ["api.lab.internal:6443", "api.lab.internal"],
    ["k8s-1:6443", "k8s-1"],
  ] as const) {
    t.deepEqual(parseEndpoint(text), { host, port: 6443 });
    t.is(showEndpoint({ host, port: 6443 }), text);
    t.deepEqual(endpointOf(`https://${text}`), { host, port: 6443 });
  }
});

test("what is no endpoint is refused with an example", (t) => {
  for (const text of [
    "",
    "a",
    "a:",
    ":1",
    "a:0",
    "a:70000",
    "a:1:2",
    "1.2.3:1",
    "[10.0.0.5]:1",
    "[::1]",
    "::1:6443",
    "https://a:1",
    "-a:1",
    "a/b:1",
  ]) {
    const error = t.throws(() => parseEndpoint(text), { instanceOf: KbootError });
    t.is(error.code, "usage", text);
    t.regex(error.hint ?? "", /10\.0\.0\.5:6443/);
  }
});

test("a server's URL has a port, or that of https; others have no endpoint", (t) => {
  t.deepEqual(endpointOf("https://api.example.com"), { host: "api.example.com", port: 443 });
  t.is(endpointOf("http://api.example.com"), undefined);
  t.is(endpointOf("api.example.com:6443"), undefined);
});

test("a connection is made, refused or stopped", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const endpoint = { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
  const { signal } = new AbortController();
  const socket = await dial(endpoint, signal);
  t.is(socket.remotePort, endpoint.port);
  socket.destroy();
  await t.throwsAsync(dial(endpoint, AbortSignal.abort()), { name: "AbortError" });
  await new Promise((resolve) => server.close(resolve));
  await t.throwsAsync(dial(endpoint, signal), { code: "ECONNREFUSED" });
});
