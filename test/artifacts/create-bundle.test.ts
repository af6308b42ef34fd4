import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { createBundle } from "../../src/artifacts/create-bundle.ts";
import { type BundleManifest, bundleManifest } from "../../src/artifacts/manifest.ts";
import type { Wanted } from "../../src/artifacts/source.ts";
import { Store } from "../../src/artifacts/store.ts";
import { upstream } from "../../src/artifacts/upstream.ts";
import { KbootError } from "../../src/errors.ts";
import { temporaryFolder } from "../support/kind.ts";
import { everything, layOutUpstream, sha256 } from "./support/upstream.ts";
import { startWeb, type Web } from "./support/web.ts";

const { signal } = new AbortController();
const kubelet = "/dl.k8s.io/release/v1.37.2/bin/linux/amd64/kubelet";

interface Scene {
  readonly web: Web;
  readonly folder: string;
  /** Makes the bundle `DIR/name` by way of the scene's store. */
  create(name: string, wanted?: Wanted): Promise<string>;
  store: Store;
}

async function scene(t: ExecutionContext): Promise<Scene> {
  const [web, folder] = await Promise.all([startWeb(t), temporaryFolder()]);
  await layOutUpstream(web);
  const store = new Store({ folder: join(folder, "store") });
  return {
    web,
    folder,
    store,
    async create(name, wanted = everything) {
      const output = join(folder, name);
      await createBundle({ wanted, architectures: ["amd64"], output }, upstream(wanted, store, web.url), store, () => {}, signal);
      return output;
    },
  };
}

/** Reads what a bundle's manifest says, and checks every stored byte against it or, in images, against its name. */
async function checkBundle(t: ExecutionContext, folder: string): Promise<BundleManifest> {
  const manifest = bundleManifest.parse(JSON.parse(await readFile(join(folder, "bundle.json"), "utf8")));
  for (const { path, size, sha256: sum } of manifest.files) {
    const bytes = await readFile(join(folder, path));
    t.deepEqual([bytes.length, sha256(bytes)], [size, sum], path);
  }
  const blobs = await readdir(join(folder, "images", "blobs", "sha256"));
  for (const name of blobs) t.is(sha256(await readFile(join(folder, "images", "blobs", "sha256", name))), name);
  for (const { digest } of manifest.images) t.true(blobs.includes(digest.slice("sha256:".length)), digest);
  return manifest;
}

async function failure(t: ExecutionContext, promise: Promise<unknown>): Promise<KbootError> {
  const error = await t.throwsAsync(promise, { instanceOf: KbootError });
  t.regex(error?.code ?? "", /^artifact/);
  return error as KbootError;
}

test("a bundle from upstream is whole, and has what was asked for", async (t) => {
  const { create } = await scene(t);
  const manifest = await checkBundle(t, await create("bundle"));
  t.deepEqual(
    manifest.files.map(({ name, version, format }) => `${name} ${version} ${format}`),
    ["containerd 2.2.9 tar.gz", "runc 1.3.3 raw", "cni-plugins 1.9.1 tar.gz", "kubelet 1.37.2 raw", "kubectl 1.37.2 raw"],
  );
  t.deepEqual(
    manifest.files[0]?.members.map(({ path, mode }) => `${path} ${mode}`),
    ["bin/containerd 0755", "bin/ctr 0755"],
  );
  t.deepEqual(
    manifest.images.map(({ name }) => name),
    everything.images,
  );
});

test("a second bundle downloads nothing, and takes the first one's place", async (t) => {
  const { web, create } = await scene(t);
  await create("bundle");
  web.log.length = 0;
  await checkBundle(t, await create("bundle"));
  t.deepEqual(web.log, []);
});

test("what lies damaged in the store is fetched again", async (t) => {
  const { web, folder, create } = await scene(t);
  await create("bundle");
  const stored = join(folder, "store", "sha256");
  for (const name of await readdir(stored)) await writeFile(join(stored, name), "cut");
  web.log.length = 0;
  await checkBundle(t, await create("bundle"));
  t.true(web.log.length > 0);
});

test("what was found once is known without asking upstream again", async (t) => {
  const { web, store, create } = await scene(t);
  await create("bundle");
  web.log.length = 0;
  const again = upstream(everything, store, web.url);
  for (const file of everything.files) t.truthy(await again.file(file, "amd64", signal), file.name);
  for (const image of everything.images) t.truthy(await again.image(image, "amd64", signal), image);
  t.deepEqual(web.log, []);
});

test("an interrupted download goes on where it stopped", async (t) => {
  const { web, create } = await scene(t);
  web.cuts.push({ path: kubelet, after: 70_000 }, { path: kubelet, after: 150_000 });
  await checkBundle(t, await create("bundle"));
  t.deepEqual(
    web.log.filter((line) => line.includes("/kubelet") && !line.includes(".sha256")),
    [`GET ${kubelet}`, `GET ${kubelet} from 70000`, `GET ${kubelet} from 150000`],
  );
});

test("a download that stays interrupted is told, nothing takes the bundle's name, and the next run goes on", async (t) => {
  const { web, folder, create } = await scene(t);
  for (let count = 0; count < 5; count++) web.cuts.push({ path: kubelet, after: 60_000 + count });
  const error = await failure(t, create("bundle"));
  t.true(error.transient);
  t.regex(error.message, /the download of http:\S+kubelet was interrupted after 60004 bytes: /);
  t.is(error.hint, "run the same command again: it goes on where it stopped");
  t.false((await readdir(folder)).includes("bundle"));
  web.log.length = 0;
  await checkBundle(t, await create("bundle"));
  t.true(web.log.includes(`GET ${kubelet} from 60004`));
});

test("a corrupted file is told with URL, wanted and got, and is never used", async (t) => {
  const { web, folder, create } = await scene(t);
  const honest = web.files.get(kubelet) as Buffer;
  const corrupted = Buffer.from(honest);
  corrupted[1000] = (corrupted[1000] ?? 0) ^ 1;
  web.files.set(kubelet, corrupted);
  const error = await failure(t, create("bundle"));
  t.regex(error.message, /^http:\S+\/kubelet is damaged: wanted sha256 [0-9a-f]{64}, got [0-9a-f]{64} \(200000 bytes\)$/);
  t.false(error.transient);
  t.false((await readdir(folder)).includes("bundle"));
  t.false((await readdir(join(folder, "store", "sha256"))).some((name) => name.startsWith(sha256(honest))));
  web.files.set(kubelet, honest);
  await checkBundle(t, await create("bundle"));
});

test("a corrupted layer of an image is told", async (t) => {
  const { web, create } = await scene(t);
  const [path] = [...web.files.keys()].filter((name) => name.includes("busybox/blobs"));
  web.files.set(path ?? "", Buffer.from("something else altogether"));
  t.regex((await failure(t, create("bundle"))).message, /busybox\/blobs\/sha256:\S+ is damaged: wanted sha256 /);
});

test("a wrong checksum file is told", async (t) => {
  const { web, create } = await scene(t);
  web.files.set(`${kubelet}.sha256`, Buffer.from("f".repeat(64)));
  t.regex((await failure(t, create("bundle"))).message, /kubelet is damaged: wanted sha256 f{64}, got /);
  web.files.set(`${kubelet}.sha256`, Buffer.from("<html>sorry</html>"));
  const other = { ...everything, files: [{ name: "kubelet", version: "1.37.2" }] };
  const fresh = new Store({ folder: await temporaryFolder() });
  const output = join(await temporaryFolder(), "bundle");
  const error = await failure(
    t,
    createBundle({ wanted: other, architectures: ["amd64"], output }, upstream(other, fresh, web.url), fresh, () => {}, signal),
  );
  t.regex(error.message, /kubelet\.sha256 has no sha256 of kubelet$/);
});

test("what upstream does not have is named", async (t) => {
  const { web, create } = await scene(t);
  const version = { ...everything, files: [{ name: "kubelet", version: "1.37.9" }] };
  t.regex((await failure(t, create("bundle", version))).message, /has no kubelet 1\.37\.9 for amd64$/);
  const image = { files: [], images: ["registry.k8s.io/pause:9"] };
  t.regex((await failure(t, create("bundle", image))).message, /has no image registry\.k8s\.io\/pause:9 for amd64$/);
  web.files.delete(kubelet);
  t.regex((await failure(t, create("bundle"))).message, /\/kubelet answers with status 404$/);
});

test("a directory that is something else is left alone", async (t) => {
  const { folder, create } = await scene(t);
  await writeFile(join(folder, "notes.txt"), "mine");
  const error = (await t.throwsAsync(create("."), { instanceOf: KbootError })) as KbootError;
  t.is(error.code, "usage");
  t.true((await readdir(folder)).includes("notes.txt"));
});
