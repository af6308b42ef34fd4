import { readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { extract } from "tar-stream";
import { createBundle } from "../../src/artifacts/create-bundle.ts";
import { openSources } from "../../src/artifacts/index.ts";
import { Store } from "../../src/artifacts/store.ts";
import { upstream } from "../../src/artifacts/upstream.ts";
import { KbootError } from "../../src/errors.ts";
import type { Payload } from "../../src/host/host.ts";
import type { ArtifactSource } from "../../src/inventory/cluster.ts";
import { hostVersions } from "../../src/kubernetes/versions.ts";
import { temporaryFolder } from "../support/kind.ts";
import { everything, layOutUpstream, putImage, sha256 } from "./support/upstream.ts";
import { startWeb, type Web } from "./support/web.ts";

const { signal } = new AbortController();
const coreDns = "registry.k8s.io/coredns/coredns:v1.14.6";

async function scene(t: ExecutionContext) {
  const [web, folder] = await Promise.all([startWeb(t), temporaryFolder()]);
  const store = new Store({ folder: join(folder, "store") });
  const resolve = async (...sources: readonly ArtifactSource[]) =>
    (await openSources(sources, everything, signal, { folder: join(folder, "store") })).resolve(["amd64"]);
  return { web, folder, store, resolve };
}

/** Makes a bundle and puts its files onto a web server. */
async function mirror(t: ExecutionContext): Promise<{ readonly web: Web; readonly bundle: string }> {
  const { web, folder, store } = await scene(t);
  await layOutUpstream(web);
  const bundle = join(folder, "bundle");
  const from = upstream(everything, store, web.url);
  await createBundle({ wanted: everything, architectures: ["amd64"], output: bundle }, from, store, () => {}, signal);
  const served = await startWeb(t);
  for (const path of await readdir(bundle, { recursive: true })) {
    const bytes = await readFile(join(bundle, path)).catch(() => undefined);
    if (bytes !== undefined) served.files.set(`/kboot/${path}`, bytes);
  }
  return { web: served, bundle };
}

async function bytesOf(payload: Payload): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of payload.open()) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (bytes.length !== payload.size) throw new Error(`the payload says ${payload.size} bytes and has ${bytes.length}`);
  return bytes;
}

/** Names and contents of a tar archive. */
async function membersOf(payload: Payload): Promise<ReadonlyMap<string, Buffer>> {
  const members = new Map<string, Buffer>();
  const archive = extract();
  archive.end(await bytesOf(payload));
  for await (const entry of archive) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    members.set(entry.header.name, Buffer.concat(chunks));
  }
  return members;
}

async function failure(t: ExecutionContext, promise: Promise<unknown>): Promise<KbootError> {
  const error = (await t.throwsAsync(promise, { instanceOf: KbootError })) as KbootError;
  t.regex(error.code, /^artifact/);
  return error;
}

test("a mirror serves a bundle: hosts are told the URLs, and what is relayed is fetched once and checked", async (t) => {
  const { web } = await mirror(t);
  const { resolve } = await scene(t);
  const artifacts = await resolve({ kind: "mirror", url: `${web.url}/kboot/` });
  const kubelet = artifacts.file("kubelet", "1.37.2", "amd64");
  t.is(kubelet.remote?.probe, `${web.url}/kboot/bundle.json`);
  t.is(sha256(web.files.get(new URL(kubelet.remote?.url ?? "").pathname) ?? Buffer.of()), kubelet.sha256);
  const image = artifacts.image(coreDns, "amd64");
  t.deepEqual(
    image.remote?.blobs,
    image.blobs.map((digest) => `${web.url}/kboot/images/blobs/sha256/${digest.slice(7)}`),
  );
  const before = web.log.filter((line) => line.includes("/files/"));
  t.deepEqual(before, [], "nothing large is fetched before it is needed");
  const payloads = await Promise.all([kubelet.payload(), kubelet.payload()]);
  for (const payload of payloads) t.is(sha256(await bytesOf(payload)), kubelet.sha256);
  t.is(web.log.filter((line) => line.includes("/files/kubelet")).length, 1);
});

test("an archive of images has what the host lacks, each blob as its name says", async (t) => {
  const { web } = await mirror(t);
  const artifacts = await (await scene(t)).resolve({ kind: "mirror", url: `${web.url}/kboot` });
  const images = everything.images.map((name) => artifacts.image(name, "amd64"));
  const shared = `sha256:${sha256(Buffer.from("shared by all"))}`;
  const members = await membersOf(await artifacts.imageArchive(images, new Set([shared])));
  const blobs = [...members].filter(([name]) => name.startsWith("blobs/"));
  t.deepEqual(blobs.map(([name]) => name.slice("blobs/sha256/".length)).sort(), blobs.map(([, bytes]) => sha256(bytes)).sort());
  t.is(blobs.length, 6, "two manifests, two configurations, one layer of each");
  const index = JSON.parse(String(members.get("index.json"))) as { manifests: { digest: string; mediaType: string }[] };
  t.deepEqual(
    index.manifests.map(({ digest }) => digest),
    images.map(({ digest }) => digest),
  );
  t.is(index.manifests[0]?.mediaType, "application/vnd.docker.distribution.manifest.v2+json");
});

test("a file of a mirror that is damaged is told when it is to be relayed", async (t) => {
  const { web } = await mirror(t);
  const artifacts = await (await scene(t)).resolve({ kind: "mirror", url: `${web.url}/kboot` });
  const runc = artifacts.file("runc", "1.3.3", "amd64");
  const { pathname } = new URL(runc.remote?.url ?? "");
  web.files.set(pathname, Buffer.alloc(4000));
  const error = await failure(t, runc.payload());
  t.true(error.message.startsWith(`${web.url}${pathname} is damaged: wanted sha256 ${runc.sha256}, got `));
});

test("an answer that breaks off is asked for again", async (t) => {
  const { web } = await mirror(t);
  web.cuts.push({ path: "/kboot/bundle.json", after: 10 }, { path: "/kboot/bundle.json", after: 20 });
  const artifacts = await (await scene(t)).resolve({ kind: "mirror", url: `${web.url}/kboot` });
  t.is(artifacts.file("runc", "1.3.3", "amd64").version, "1.3.3");
});

test("a mirror that is none, and one that does not answer, are told at once", async (t) => {
  const { web, resolve } = await scene(t);
  t.regex(
    (await failure(t, resolve({ kind: "mirror", url: `${web.url}/kboot` }))).message,
    /the mirror has no http:\S+\/kboot\/bundle\.json/,
  );
  web.files.set("/kboot/bundle.json", Buffer.from("<html>"));
  t.regex((await failure(t, resolve({ kind: "mirror", url: `${web.url}/kboot` }))).message, /bundle\.json is not JSON/);
  const error = await failure(t, resolve({ kind: "mirror", url: "http://127.0.0.1:9/kboot" }));
  t.regex(error.message, /no answer from http:\/\/127\.0\.0\.1:9\/kboot\/bundle\.json: /);
  t.true(error.transient);
});

test("a registry has upstream's repositories below a prefix; hosts pull from it", async (t) => {
  const { web, resolve } = await scene(t);
  const address = `${new URL(web.url).host}/k8s`;
  const digest = putImage(web, "k8s/coredns/coredns", "v1.14.6", { list: true });
  const artifacts = await resolve({ kind: "registry", address, insecure: true });
  const image = artifacts.image(coreDns, "amd64");
  t.is(image.digest, digest);
  t.deepEqual(image.remote, { probe: `${web.url}/v2/` });
  const members = await membersOf(await artifacts.imageArchive([image], new Set()));
  t.is(members.size, 6);
});

test("a registry that wants a token gets one", async (t) => {
  const { web, resolve } = await scene(t);
  putImage(web, "coredns/coredns", "v1.14.6");
  web.token = "for-anybody";
  const artifacts = await resolve({ kind: "registry", address: new URL(web.url).host, insecure: true });
  t.is((await membersOf(await artifacts.imageArchive([artifacts.image(coreDns, "amd64")], new Set()))).size, 6);
  t.true(web.log.includes("GET /token"));
});

test("a registry whose tokens are a page to log in at is told as one that gives none", async (t) => {
  const { web, resolve } = await scene(t);
  putImage(web, "coredns/coredns", "v1.14.6");
  web.token = "for-few";
  web.tokenAnswer = "<html>log in</html>";
  const artifacts = await resolve({ kind: "registry", address: new URL(web.url).host, insecure: true });
  t.throws(() => artifacts.image(coreDns, "amd64"), { instanceOf: KbootError, message: /gives no token for pull/ });
});

test("the first source that has a thing is taken", async (t) => {
  const { web, bundle } = await mirror(t);
  const registry = await startWeb(t);
  const digest = putImage(registry, "coredns/coredns", "v1.14.6");
  const { resolve } = await scene(t);
  const other: ArtifactSource = { kind: "registry", address: new URL(registry.url).host, insecure: true };
  const artifacts = await resolve(other, { kind: "bundle", path: bundle }, { kind: "mirror", url: `${web.url}/kboot` });
  t.is(artifacts.image(coreDns, "amd64").digest, digest);
  t.is(artifacts.image("docker.io/library/busybox:1.37", "amd64").remote, undefined, "from the bundle on disk");
  t.is(artifacts.file("kubelet", "1.37.2", "amd64").remote, undefined);
});

test("a bundle that has lost a file, or the end of one, is told when that is to be sent", async (t) => {
  const { bundle } = await mirror(t);
  const artifacts = await (await scene(t)).resolve({ kind: "bundle", path: bundle });
  const { files } = JSON.parse(await readFile(join(bundle, "bundle.json"), "utf8")) as { files: { name: string; path: string }[] };
  const pathOf = (wanted: string) => join(bundle, files.find(({ name }) => name === wanted)?.path ?? "");
  await truncate(pathOf("runc"), 100);
  await rm(pathOf("kubelet"));
  const [short, lost] = [artifacts.file("runc", "1.3.3", "amd64"), artifacts.file("kubelet", "1.37.2", "amd64")];
  t.is((await failure(t, short.payload())).message, "a file of the bundle has 100 bytes, not 4000");
  const error = await failure(t, lost.payload());
  t.deepEqual([error.message, error.where], ["a file of the bundle is missing", { file: pathOf("kubelet") }]);
});

test("a file of a bundle that was damaged is named once its bytes have been read, and so is a layer of an image", async (t) => {
  const { bundle } = await mirror(t);
  const { resolve } = await scene(t);
  const artifacts = await resolve({ kind: "bundle", path: bundle });
  for (const folder of [join(bundle, "files"), join(bundle, "images", "blobs", "sha256")]) {
    for (const name of await readdir(folder)) {
      const bytes = await readFile(join(folder, name));
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      await writeFile(join(folder, name), bytes);
    }
  }
  const damaged = { instanceOf: KbootError, message: /^it is damaged: its sha256 is [0-9a-f]{64}, not [0-9a-f]{64}$/ };
  const payload = await artifacts.file("runc", hostVersions.runc, "amd64").payload();
  const error = await t.throwsAsync(bytesOf(payload), damaged);
  t.regex((error as KbootError).where.file ?? "", new RegExp(`^${bundle}/`));
  const archive = await artifacts.imageArchive([artifacts.image(coreDns, "amd64")], new Set());
  await t.throwsAsync(bytesOf(archive), damaged);
});

test("what no source has is named with the sources that were asked, when it is asked for", async (t) => {
  const { web, resolve } = await scene(t);
  const artifacts = await resolve({ kind: "registry", address: new URL(web.url).host, insecure: true });
  const error = t.throws(() => artifacts.file("kubelet", "1.37.2", "amd64"), { instanceOf: KbootError }) as KbootError;
  t.is(error.message, "no source has kubelet 1.37.2 for amd64");
  t.regex(error.hint ?? "", /^sources asked: registry 127\.0\.0\.1:\d+; /);
  const closed = await resolve({ kind: "registry", address: "127.0.0.1:9", insecure: true });
  t.regex(
    (t.throws(() => closed.image(coreDns, "amd64")) as Error).message,
    /no answer from http:\/\/127\.0\.0\.1:9\/v2\/coredns\/coredns\/manifests/,
  );
});
