import type { IncomingMessage } from "node:http";
import { createServer, type Server } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { Duplex, PassThrough } from "node:stream";
import type { TLSSocket } from "node:tls";
import test from "ava";
import type { Api } from "../../src/engine/contracts.ts";
import { KbootError } from "../../src/errors.ts";
import { openApi } from "../../src/kubernetes/api.ts";
import { Secret } from "../../src/secret.ts";
import { makeCertificates } from "../support/certificates.ts";

interface Answer {
  readonly status?: number;
  readonly body?: unknown;
}

interface Asked {
  readonly line: string;
  readonly contentType: string | undefined;
  readonly body: unknown;
  readonly client: string;
}

interface Parts {
  readonly api: Api;
  readonly asked: readonly Asked[];
  connections(): number;
}

type Certificates = Awaited<ReturnType<typeof makeCertificates>>;

const { signal } = new AbortController();
const coredns = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "coredns", namespace: "kube-system" } };

let certificates: Certificates;
test.before(async () => {
  certificates = await makeCertificates();
});

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
}

/** A server that demands a client certificate, and an Api that reaches it over a plain stream, as one forwarded by SSH is. */
async function withApi(answer: (line: string) => Answer, use: (parts: Parts) => Promise<void>): Promise<void> {
  const asked: Asked[] = [];
  let connections = 0;
  const { ca, server, client } = certificates;
  const https: Server = createServer(
    { cert: server.certificate, key: server.key.reveal(), ca: ca.certificate, requestCert: true, rejectUnauthorized: true },
    async (request, response) => {
      const line = `${request.method} ${request.url}`;
      const socket = request.socket as TLSSocket;
      asked.push({
        line,
        contentType: request.headers["content-type"],
        body: await readBody(request),
        client: String(socket.getPeerCertificate().subject.CN),
      });
      const { status = 200, body = {} } = answer(line);
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    },
  );
  await new Promise<void>((resolve) => https.listen(0, "127.0.0.1", resolve));
  const { port } = https.address() as AddressInfo;
  const api = openApi({
    async connect() {
      connections += 1;
      const socket = connect(port, "127.0.0.1");
      return Duplex.from({ readable: socket, writable: socket });
    },
    caCert: ca.certificate,
    credential: { certificatePem: client.certificate, key: client.key },
  });
  try {
    await use({ api, asked, connections: () => connections });
  } finally {
    https.closeAllConnections();
    await new Promise((resolve) => https.close(resolve));
  }
}

test("asks with the client's certificate, several times over one connection", async (t) => {
  await withApi(
    () => ({ body: coredns }),
    async ({ api, asked, connections }) => {
      t.deepEqual(await api.get(coredns, signal), coredns);
      t.deepEqual(await api.get(coredns, signal), coredns);
      t.is(asked[0]?.line, "GET /api/v1/namespaces/kube-system/configmaps/coredns");
      t.is(asked[0]?.client, "client");
      t.is(connections(), 1);
    },
  );
});

test("an object that does not exist is undefined, and deleting it succeeds", async (t) => {
  await withApi(
    () => ({ status: 404, body: { message: 'configmaps "coredns" not found' } }),
    async ({ api, asked }) => {
      t.is(await api.get(coredns, signal), undefined);
      await t.notThrowsAsync(api.delete(coredns, signal));
      t.is(asked[1]?.line, "DELETE /api/v1/namespaces/kube-system/configmaps/coredns?propagationPolicy=Background");
    },
  );
});

test("applies forced and strictly, in the manager's name, for real or as a dry run", async (t) => {
  const object = { ...coredns, data: { Corefile: "." } };
  await withApi(
    () => ({ body: object }),
    async ({ api, asked }) => {
      await api.apply(object, { manager: "kboot" }, signal);
      await api.apply(object, { manager: "kboot", dryRun: true }, signal);
      const path = "PATCH /api/v1/namespaces/kube-system/configmaps/coredns?fieldManager=kboot&force=true&fieldValidation=Strict";
      t.deepEqual(
        asked.map(({ line }) => line),
        [path, `${path}&dryRun=All`],
      );
      t.is(asked[0]?.contentType, "application/apply-patch+yaml");
      t.deepEqual(asked[0]?.body, object);
    },
  );
});

test("patches by JSON merge patch", async (t) => {
  await withApi(
    () => ({ body: coredns }),
    async ({ api, asked }) => {
      await api.patch({ apiVersion: "v1", kind: "Node", metadata: { name: "cp1" } }, { spec: { unschedulable: true } }, signal);
      t.is(asked[0]?.line, "PATCH /api/v1/nodes/cp1?fieldManager=kboot");
      t.is(asked[0]?.contentType, "application/merge-patch+json");
    },
  );
});

test("lists all pages, and says the kind of each object", async (t) => {
  await withApi(
    (line) =>
      line.includes("continue=next")
        ? { body: { items: [{ metadata: { name: "b" } }] } }
        : { body: { items: [{ metadata: { name: "a" } }], metadata: { continue: "next" } } },
    async ({ api, asked }) => {
      const found = await api.list("v1", "Pod", { namespace: "kube-system", labelSelector: "component=etcd" }, signal);
      t.deepEqual(
        found.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
        ["Pod a", "Pod b"],
      );
      t.is(asked[0]?.line, "GET /api/v1/namespaces/kube-system/pods?limit=500&labelSelector=component%3Detcd");
    },
  );
});

test("asks the API once for kinds that kboot does not use itself", async (t) => {
  const resources = [
    { name: "poddisruptionbudgets", kind: "PodDisruptionBudget", namespaced: true },
    { name: "poddisruptionbudgets/status", kind: "PodDisruptionBudget", namespaced: true },
  ];
  const budget = { apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name: "dns" } };
  await withApi(
    (line) => (line === "GET /apis/policy/v1" ? { body: { resources } } : { body: budget }),
    async ({ api, asked }) => {
      await api.get(budget, signal);
      await api.get(budget, signal);
      const path = "GET /apis/policy/v1/namespaces/default/poddisruptionbudgets/dns";
      t.deepEqual(
        asked.map(({ line }) => line),
        ["GET /apis/policy/v1", path, path],
      );
      const unknown = { apiVersion: "policy/v1", kind: "Nonsense", metadata: { name: "x" } };
      const error = await t.throwsAsync(api.get(unknown, signal), { instanceOf: KbootError });
      t.is(error.code, "api");
      t.regex(error.message, /does not serve Nonsense of policy\/v1/);
    },
  );
});

const refused = test.macro(async (t, status: number, transient: boolean) => {
  await withApi(
    () => ({ status, body: { message: "the API's own reason", reason: "Because" } }),
    async ({ api }) => {
      const error = await t.throwsAsync(api.patch(coredns, {}, signal), { instanceOf: KbootError });
      t.is(error.code, "api");
      t.is(error.transient, transient);
      t.is(error.message, "cannot patch ConfigMap kube-system/coredns: the API's own reason");
    },
  );
});

test("403 is final", refused, 403, false);
test("404 of a patch is final", refused, 404, false);
test("422 is final", refused, 422, false);
test("409 can heal", refused, 409, true);
test("429 can heal", refused, 429, true);
test("500 can heal", refused, 500, true);
test("503 can heal", refused, 503, true);

test("a missing namespace can heal", async (t) => {
  await withApi(
    () => ({ status: 404, body: { message: 'namespaces "kube-public" not found' } }),
    async ({ api }) => {
      const error = await t.throwsAsync(api.apply(coredns, { manager: "kboot" }, signal), { instanceOf: KbootError });
      t.true(error.transient);
    },
  );
});

test("probes without throwing while the API is down", async (t) => {
  await withApi(
    (line) => ({ status: line === "GET /readyz" ? 200 : 500 }),
    async ({ api }) => {
      t.true(await api.probe("/readyz", signal));
      t.false(await api.probe("/livez", signal));
    },
  );
  const { ca, client } = certificates;
  const access = { caCert: ca.certificate, credential: { certificatePem: client.certificate, key: client.key } };
  const closed = openApi({ ...access, connect: () => Promise.reject(new Error("connection refused")) });
  t.false(await closed.probe("/readyz", signal));
  const error = await t.throwsAsync(closed.get(coredns, signal), { instanceOf: KbootError });
  t.true(error.transient);
  const silent = openApi({
    ...access,
    async connect() {
      const stream = new PassThrough();
      setImmediate(() => stream.destroy());
      return stream;
    },
  });
  t.false(await silent.probe("/readyz", signal));
});

test("a server of another CA is refused for good", async (t) => {
  const other = await makeCertificates();
  const server = createServer({ cert: other.server.certificate, key: other.server.key.reveal() });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const { ca, client } = certificates;
  const api = openApi({
    connect: async () => connect(port, "127.0.0.1"),
    caCert: ca.certificate,
    credential: { certificatePem: client.certificate, key: client.key },
  });
  const error = await t.throwsAsync(api.get(coredns, signal), { instanceOf: KbootError });
  t.is(error.code, "certificate-untrusted");
  t.false(error.transient);
  t.regex(error.hint ?? "", /compare .*ca\.crt/);
  server.close();
});

test("asks by a token of a server that is reached at one place and bears another's name", async (t) => {
  const { ca, server } = certificates;
  const asked: unknown[] = [];
  const https = createServer({ cert: server.certificate, key: server.key.reveal() }, (request, response) => {
    asked.push([request.headers.authorization, (request.socket as TLSSocket & { servername: unknown }).servername]);
    response.end(JSON.stringify(coredns));
  });
  await new Promise<void>((resolve) => https.listen(0, "127.0.0.1", resolve));
  const { port } = https.address() as AddressInfo;
  const access = { connect: async () => connect(port, "127.0.0.1"), caCert: ca.certificate };
  const credential = { token: new Secret("abcdef.0123456789abcdef") };
  const by = (serverName: string) => openApi({ ...access, credential, serverName });
  t.deepEqual(await by("kubernetes").get(coredns, signal), coredns);
  t.deepEqual(await by("127.0.0.1").get(coredns, signal), coredns);
  t.deepEqual(await openApi({ ...access, credential: undefined }).get(coredns, signal), coredns);
  const bearer = "Bearer abcdef.0123456789abcdef";
  // an address is compared, but not sent
  t.deepEqual(asked, [
    [bearer, "kubernetes"],
    [bearer, false],
    [undefined, "kubernetes"],
  ]);
  for (const other of ["api.lab.internal", "127.0.0.2"]) {
    const error = await t.throwsAsync(by(other).get(coredns, signal), { instanceOf: KbootError });
    t.is(error.code, "certificate-untrusted", other);
  }
  https.closeAllConnections();
  https.close();
});

test("stops when told to", async (t) => {
  const controller = new AbortController();
  await withApi(
    () => {
      controller.abort();
      return { body: coredns };
    },
    async ({ api }) => {
      const error = await t.throwsAsync(api.get(coredns, controller.signal), { instanceOf: KbootError });
      t.is(error.code, "cancelled");
    },
  );
});
