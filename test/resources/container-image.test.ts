import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { archiveImages } from "../../src/artifacts/image-archive.ts";
import type { Artifacts, StoredImage } from "../../src/engine/contracts.ts";
import { Vault } from "../../src/engine/vault.ts";
import { containerImage, containerImageKind } from "../../src/resources/container-image.ts";
import { sha256 } from "../artifacts/support/upstream.ts";
import { startWeb } from "../artifacts/support/web.ts";
import { bringInOrder, noArtifacts, temporaryFolder } from "../support/kind.ts";
import { shells } from "../support/run-fragment.ts";

const image = containerImage({ name: "registry.example/app:v1", architecture: "amd64", digest: "sha256:aaa", blobs: [] });
const context = { vault: new Vault(), now: new Date(0), changing: new Set<string>() };
const head = "REF TYPE DIGEST STATUS SIZE UNPACKED\n";

/** What differs when containerd's client printed this. */
function differences(stdout: string) {
  const observed = containerImageKind.parse(image, { exitCode: 0, stdout: Buffer.from(stdout) });
  return containerImageKind.compare(image, observed, context);
}

function row({
  status = "complete (3/3)",
  digest = "sha256:aaa",
  type = "application/vnd.oci.image.manifest.v1+json",
  unpacked = "true",
}): string {
  return `${head}registry.example/app:v1 ${type} ${digest} ${status} 1.0 MiB/1.0 MiB ${unpacked}\n`;
}

test("an image is in order when it is complete, unpacked and the wished one", (t) => {
  t.deepEqual(differences(row({})), []);
  t.deepEqual(differences(row({ digest: "sha256:bbb" })), [{ what: "digest", from: "sha256:bbb", to: "sha256:aaa" }]);
  t.deepEqual(differences(row({ status: "incomplete (1/3)" })), [{ what: "image", from: "incomplete", to: "complete" }]);
  t.deepEqual(differences(row({ unpacked: "false" })), [{ what: "image", from: "incomplete", to: "complete" }]);
});

test("the digest of an index, which a pull leaves, is not held against an image", (t) => {
  t.deepEqual(differences(row({ digest: "sha256:bbb", type: "application/vnd.oci.image.index.v1+json" })), []);
});

test("an image is missing where there is no containerd or no such image, and unknown where containerd does not answer", (t) => {
  t.deepEqual(differences(""), [{ what: "image", to: "sha256:aaa" }]);
  t.deepEqual(differences(head), [{ what: "image", to: "sha256:aaa" }]);
  t.like(differences("unknown\n")[0], {
    from: "unknown, containerd does not answer",
    unsure: true,
    seenBy: "systemd-unit:containerd.service",
  });
});

const name = "registry.k8s.io/pause:3.10";
const manifest = Buffer.from("the manifest");
const layer = Buffer.from("the layer");

/** A ctr that writes down how it is called, keeps what it imports, and then has the image. */
async function fakeCtr(folder: string): Promise<string> {
  const script = `#!/bin/sh
echo "$*" >> ${folder}/calls
case "$*" in
  *"images import -") tar -t -f - >> ${folder}/imported; touch ${folder}/there ;;
  *"images pull --help") echo "  --local  pull by itself" ;;
  *"images tag "*) touch ${folder}/there ;;
  *"images check "*) if [ -e ${folder}/there ]; then echo "${name} application/vnd.oci.image.manifest.v1+json sha256:${sha256(manifest)} complete (3/3) 1 true"; fi ;;
esac
`;
  await mkdir(join(folder, "bin"));
  await writeFile(join(folder, "bin", "ctr"), script);
  await chmod(join(folder, "bin", "ctr"), 0o755);
  return join(folder, "bin");
}

async function scene(t: ExecutionContext) {
  const [web, folder] = await Promise.all([startWeb(t), temporaryFolder()]);
  const bin = await fakeCtr(folder);
  const paths = await Promise.all(
    [manifest, layer].map(async (bytes) => {
      const path = join(folder, sha256(bytes));
      await writeFile(path, bytes);
      web.files.set(`/blobs/${sha256(bytes)}`, bytes);
      return { digest: `sha256:${sha256(bytes)}`, path, size: bytes.length };
    }),
  );
  const artifactsOf = (remote: StoredImage["remote"]): Artifacts => ({
    ...noArtifacts,
    image: () => ({ name, architecture: "amd64", digest: `sha256:${sha256(manifest)}`, blobs: paths.map(({ digest }) => digest), remote }),
    imageArchive: async (_images, omit) => archiveImages([{ name, mediaType: "m", blobs: paths }], omit),
  });
  const urls = paths.map(({ digest }) => `${web.url}/blobs/${digest.slice(7)}`);
  const change = (shell: readonly string[], remote: StoredImage["remote"], reaches: readonly string[]) => {
    const artifacts = artifactsOf(remote);
    return bringInOrder(containerImageKind, [containerImage(artifacts.image(name, "amd64"))], {
      shell,
      bin,
      artifacts,
      reaches,
      stateFolder: join(folder, "state"),
    });
  };
  const calls = async () => (await readFile(join(folder, "calls"), "utf8")).split("\n").filter((line) => !/check|--help|^$/.test(line));
  const imported = async () =>
    (await readFile(join(folder, "imported"), "utf8").catch(() => ""))
      .split("\n")
      .filter((line) => /[0-9a-f]{64}|index/.test(line))
      .map((line) => line.replace(/^.*\//, ""))
      .sort();
  return { web, urls, change, calls, imported };
}

const all = [sha256(manifest), sha256(layer), "index.json"].sort();

for (const shell of shells) {
  test(`a host that reaches nothing is sent all blobs (${shell.join(" ")})`, async (t) => {
    const { web, urls, change, imported } = await scene(t);
    const result = await change(shell, { probe: "http://there", blobs: urls }, []);
    t.is(result.exitCode, 0, result.stderr);
    t.deepEqual(await imported(), all);
    t.deepEqual(web.log, []);
  });

  test(`a host that reaches the mirror fetches the blobs and imports them as one archive (${shell.join(" ")})`, async (t) => {
    const { web, urls, change, imported } = await scene(t);
    const result = await change(shell, { probe: "http://there", blobs: urls }, ["http://there"]);
    t.is(result.exitCode, 0, result.stderr);
    t.deepEqual(await imported(), all);
    t.is(web.log.length, 2);
  });

  test(`a blob that comes damaged is told, and nothing is imported (${shell.join(" ")})`, async (t) => {
    const { web, urls, change, imported } = await scene(t);
    web.files.set(`/blobs/${sha256(layer)}`, Buffer.from("evil"));
    const result = await change(shell, { probe: "http://there", blobs: urls }, ["http://there"]);
    t.not(result.exitCode, 0);
    t.regex(
      result.stderr,
      new RegExp(`/blobs/${sha256(layer)} came damaged: wanted sha256 ${sha256(layer)}, got ${sha256(Buffer.from("evil"))}`),
    );
    t.deepEqual(await imported(), []);
  });

  test(`a host that reaches the registry pulls by digest, and names the image (${shell.join(" ")})`, async (t) => {
    const { change, calls } = await scene(t);
    const result = await change(shell, { probe: "http://there" }, ["http://there"]);
    t.is(result.exitCode, 0, result.stderr);
    const byDigest = `registry.k8s.io/pause@sha256:${sha256(manifest)}`;
    t.deepEqual(await calls(), [
      `-n k8s.io images pull --local ${byDigest}`,
      `-n k8s.io images tag --force ${byDigest} ${name}`,
      `-n k8s.io images rm ${byDigest}`,
    ]);
  });
}
