import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import test, { type ExecutionContext } from "ava";
import { stringify } from "yaml";
import { openApi } from "../../../src/kubernetes/api.ts";
import { bootstrapTokenText } from "../../../src/kubernetes/bootstrap-token.ts";
import { type Discovered, type DiscoverOptions, discoveredAccess } from "../../../src/kubernetes/discovery/discovered.ts";
import { buildKubeconfig, buildTokenKubeconfig } from "../../../src/pki/kubeconfig.ts";
import { Secret } from "../../../src/secret.ts";
import {
  type Answer,
  answerInfo,
  answerStatus,
  failureOf,
  find,
  makeCertificate,
  makeParts,
  publishedKubeconfig,
  type Server,
  signal,
  startServer,
} from "./fake-cluster.ts";

const parts = await makeParts();
let folder: string;
let api: Server;
let answer: (path: string) => Answer = () => answerStatus(403);
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), "kboot-discovery-"));
  api = await startServer(parts.server, (path) => answer(path));
  // what this machine trusts
  await writeFile(join(folder, "trusted.pem"), parts.ca.certificatePem);
  process.env["SSL_CERT_FILE"] = join(folder, "trusted.pem");
});
test.after.always(async () => {
  await api.stop();
  await rm(folder, { recursive: true });
});

const base64 = (text: string) => Buffer.from(text).toString("base64");
const server = () => `https://${api.address}`;
const token = new Secret("abcdef.0123456789abcdef");
const tokenOf = ({ credential }: Discovered) => ("token" in credential ? credential.token.reveal() : undefined);

let files = 0;
async function write(content: string, name?: string): Promise<string> {
  files += 1;
  const path = join(folder, name ?? `${files}.conf`);
  await writeFile(path, content, { mode: 0o600 });
  return path;
}

interface Wish {
  readonly cluster?: object;
  readonly user?: object | undefined;
}

/** A kubeconfig with one cluster, one user or none, and no context. */
function kubeconfig({ cluster = { "certificate-authority-data": base64(parts.ca.certificatePem) }, user }: Wish = {}): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "", cluster: { server: server(), ...cluster } }],
    ...(user === undefined ? {} : { users: [{ name: "u", user }] }),
  });
}

const by = (file: string, options: Partial<DiscoverOptions> = {}) => find({ kind: "file", file }, options);

const failure = (t: ExecutionContext, file: string, options: Partial<DiscoverOptions> = {}) =>
  failureOf(t, { kind: "file", file }, token, options);

const caCert = () => parts.ca.certificatePem;

test.serial("a file with a client certificate is all that is needed", async (t) => {
  const { certificatePem, key } = parts.server;
  const file = await write(buildKubeconfig({ server: server(), caCert: caCert(), user: "joiner", certificatePem, key }).reveal());
  const found = await by(file);
  t.like(found, { server: server(), caCert: caCert() });
  t.is(`${found.endpoint.host}:${found.endpoint.port}`, api.address);
  t.is("key" in found.credential ? found.credential.key.reveal() : "", key.reveal());
  await openApi(discoveredAccess(found, signal)).probe("/readyz", signal);
  const [anonymous, known] = api.asked.slice(-2);
  t.is(anonymous?.client, undefined);
  t.is(known?.client, "kube-apiserver");
});

test.serial("a file with a token, with or without a context", async (t) => {
  const withContext = await write(buildTokenKubeconfig({ server: server(), caCert: caCert(), token }).reveal());
  t.is(tokenOf(await by(withContext)), token.reveal());
  t.is(tokenOf(await by(await write(kubeconfig({ user: { token: token.reveal() } })))), token.reveal());
});

test.serial("paths in a file start where it is", async (t) => {
  const { certificatePem, key } = parts.server;
  for (const [name, content] of [
    ["ca.crt", caCert()],
    ["client.crt", certificatePem],
    ["client.key", key.reveal()],
    ["token", `${token.reveal()}\n`],
  ] as const) {
    await write(content, name);
  }
  const cluster = { "certificate-authority": "ca.crt" };
  const certificate = await by(
    await write(kubeconfig({ cluster, user: { "client-certificate": "client.crt", "client-key": "client.key" } })),
  );
  t.is(certificate.caCert, caCert());
  t.is("key" in certificate.credential ? certificate.credential.key.reveal() : "", key.reveal());
  t.is(tokenOf(await by(await write(kubeconfig({ cluster, user: { tokenFile: join(folder, "token") } })))), token.reveal());
  const error = await failure(t, await write(kubeconfig({ cluster, user: { tokenFile: "none" } })));
  t.is(error.code, "usage");
  t.regex(error.message, /cannot be used: ENOENT.*none/);
});

test.serial("a token that is given besides is the credential", async (t) => {
  const options = { tlsBootstrapToken: parts.token };
  for (const user of [undefined, { token: token.reveal() }, { exec: { command: "aws" } }]) {
    t.is(tokenOf(await by(await write(kubeconfig({ user })), options)), bootstrapTokenText(parts.token).reveal());
  }
});

const refused = test.macro(async (t, content: () => string, message: RegExp, hint: RegExp) => {
  const file = await write(content());
  const error = await failure(t, file);
  t.is(error.code, "usage");
  t.is(error.where.file, file);
  t.true(error.message.startsWith(`the discovery file ${file} `));
  t.regex(error.message, message);
  t.regex(error.hint ?? "", hint);
});

test("no credential", refused, () => kubeconfig(), /no credential/, /--tls-bootstrap-token/);
test(
  "a program as credential",
  refused,
  () => kubeconfig({ user: { exec: { command: "aws" } } }),
  /logs in by exec/,
  /--tls-bootstrap-token/,
);
test("no CA", refused, () => kubeconfig({ cluster: {} }), /holds no CA/, /certificate-authority-data/);
test("an unreadable CA", refused, () => kubeconfig({ cluster: { "certificate-authority-data": "xx" } }), /cannot be read as/, /base64/);
test("no kubeconfig", refused, () => "a: [", /not a kubeconfig/, /current-context/);
test("no https", refused, () => kubeconfig().replace("https:", "http:"), /with an https server/, /current-context/);
test(
  "a certificate alone",
  refused,
  () => kubeconfig({ user: { "client-certificate-data": base64(caCert()) } }),
  /without its key/,
  /pair/,
);
test(
  "a certificate with another's key",
  refused,
  () => kubeconfig({ user: { "client-certificate-data": base64(caCert()), "client-key-data": base64(parts.server.key.reveal()) } }),
  /do not belong together/,
  /pair/,
);
test(
  "several clusters and no context",
  refused,
  () => kubeconfig().replace("clusters:\n", `clusters:\n  - { name: other, cluster: { server: "${server()}" } }\n`),
  /not a kubeconfig that leads to a cluster/,
  /leave one cluster/,
);

test("a file that is not there, and a URL that is not safe", async (t) => {
  t.regex((await failure(t, join(folder, "missing.conf"))).message, /missing\.conf cannot be used: ENOENT/);
  for (const url of ["http://127.0.0.1/d.conf", "ftp://127.0.0.1/d", "https://u:sesame@127.0.0.1/d"]) {
    const error = await failure(t, url);
    t.is(error.code, "usage", url);
    t.regex(error.message, /fetched from safely/);
    t.false(error.message.includes("sesame"));
  }
});

test.serial("the API must have a certificate of the file's CA", async (t) => {
  const user = { token: token.reveal() };
  const cluster = { "certificate-authority-data": base64(parts.otherCa.certificatePem) };
  const error = await failure(t, await write(kubeconfig({ cluster, user })));
  t.is(error.code, "certificate-untrusted");
  t.true(error.message.includes(api.address));
});

test.serial("another name that the cluster gives itself is told, and the file's is kept", async (t) => {
  const said: string[] = [];
  answer = () => answerInfo(publishedKubeconfig(caCert()));
  const file = await write(kubeconfig({ user: { token: token.reveal() } }));
  t.is((await by(file, { say: (text) => said.push(text) })).server, server());
  t.deepEqual(said, [`the cluster calls its server https://api.lab.internal:6443, and ${file} ${server()}: it is taken from there`]);
  answer = () => answerStatus(403);
});

test.serial("an https URL is fetched from a server that this machine trusts, and no other", async (t) => {
  const text = kubeconfig({ user: { token: token.reveal() } });
  const pages: Record<string, Answer> = {
    "/d.conf?key=sesame": { status: 200, text },
    "/moved": { status: 302, text: "/d.conf?key=sesame" },
    "/plain": { status: 302, text: "http://127.0.0.1:8080/d.conf" },
    "/busy?key=sesame": { status: 503, text: "" },
    "/paths": { status: 200, text: kubeconfig({ user: { tokenFile: "/etc/hostname" } }) },
  };
  const page = (path: string) => pages[path] ?? answerStatus(404);
  const web = await startServer(await makeCertificate(parts.ca), page);
  const stranger = await startServer(await makeCertificate(parts.otherCa), page);
  const at = (path: string, { address } = web) => `https://${address}${path}`;
  try {
    t.is(tokenOf(await by(at("/d.conf?key=sesame"))), token.reveal());
    t.is(tokenOf(await by(at("/moved"))), token.reveal());
    const cases = [
      [at("/plain"), "discovery", /leads to http:\/\/127\.0\.0\.1:8080, where anybody could answer/],
      [at("/busy?key=sesame"), "discovery", /\/busy answers with status 503/],
      [at("/none?key=sesame"), "usage", /\/none does not exist there \(status 404\)/],
      [at("/paths"), "usage", /names the file \/etc\/hostname, but comes from a web server/],
      [at("/d.conf?key=sesame", stranger), "discovery", /no answer from .*\/d\.conf: .*certificate/],
    ] as const;
    for (const [url, code, message] of cases) {
      const error = await failure(t, url);
      t.is(error.code, code, url);
      t.regex(error.message, message);
      t.false(`${inspect(error, { depth: 9 })}${error.hint}`.includes("sesame"), url);
    }
  } finally {
    await web.stop();
    await stranger.stop();
  }
});
