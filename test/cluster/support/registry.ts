import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../components/run.ts";
import { cacheFolder } from "./lab.ts";

/** An image of a bundle, and where in the registry it shall be. */
export interface Copy {
  readonly image: string;
  readonly repository: string;
  readonly tag: string;
}

/** A registry of Debian's package that listens on loopback, with its files in a folder of the test. */
export interface Registry {
  readonly url: string;
  /** Puts images of a bundle in. */
  push(bundle: string, copies: readonly Copy[]): Promise<void>;
  stop(): void;
}

/** Debian's docker-registry, unpacked beside other caches: nothing is installed on the machine. */
async function findProgram(): Promise<string> {
  const folder = join(cacheFolder, "docker-registry");
  const program = join(folder, "usr", "bin", "docker-registry");
  if (existsSync(program)) return program;
  await mkdir(cacheFolder, { recursive: true });
  const work = await mkdtemp(join(cacheFolder, ".docker-registry-"));
  const download = () => run("apt-get", ["download", "-qq", "docker-registry"], { cwd: work });
  await download().catch(async () => {
    await run("apt-get", ["update", "-qq"]);
    await download();
  });
  const [name = ""] = await readdir(work);
  await run("dpkg-deb", ["-x", name, "."], { cwd: work });
  await rm(folder, { recursive: true, force: true });
  await rename(work, folder);
  return program;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)),
  );
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a registry that keeps its images below `folder`. */
export async function startRegistry(folder: string): Promise<Registry> {
  const [program, port] = await Promise.all([findProgram(), freePort()]);
  const config = join(folder, "registry.yml");
  const storage = { filesystem: { rootdirectory: join(folder, "registry") } };
  await writeFile(config, JSON.stringify({ version: 0.1, log: { level: "error" }, storage, http: { addr: `127.0.0.1:${port}` } }));
  const child: ChildProcess = spawn(program, ["serve", config], {
    stdio: ["ignore", "ignore", openSync(join(folder, "registry.log"), "a")],
  });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    const answer = await fetch(`${url}/v2/`).catch(() => undefined);
    if (answer?.status === 200) break;
    if (tries === 100 || child.exitCode !== null) throw new Error("docker-registry does not answer");
    await sleep(100);
  }
  return { url, push: (bundle, copies) => push(url, bundle, copies), stop: () => child.kill() };
}

interface Manifest {
  readonly mediaType: string;
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}

/** The API for pushing (distribution's specification): blobs in one piece each, mounted where another repository has them, then the manifest. */
async function push(url: string, bundle: string, copies: readonly Copy[]): Promise<void> {
  const { images } = JSON.parse(await readFile(join(bundle, "bundle.json"), "utf8")) as { images: { name: string; digest: string }[] };
  const blob = (digest: string) => readFile(join(bundle, "images", "blobs", ...digest.split(":")));
  const there = new Map<string, string>();
  for (const { image, repository, tag } of copies) {
    const found = images.find(({ name }) => name === image);
    if (found === undefined) throw new Error(`the bundle has no ${image}`);
    const bytes = await blob(found.digest);
    const manifest = JSON.parse(bytes.toString("utf8")) as Manifest;
    for (const { digest } of [manifest.config, ...manifest.layers]) {
      const from = there.get(digest);
      const mount = from === undefined ? "" : `?mount=${digest}&from=${from}`;
      const begun = await fetch(`${url}/v2/${repository}/blobs/uploads/${mount}`, { method: "POST" });
      if (begun.status === 202)
        await put(`${begun.headers.get("location")}&digest=${digest}`, await blob(digest), "application/octet-stream");
      there.set(digest, repository);
    }
    await put(`${url}/v2/${repository}/manifests/${tag}`, bytes, manifest.mediaType);
  }
}

async function put(url: string, body: Buffer, type: string): Promise<void> {
  const answer = await fetch(url, { method: "PUT", body: new Uint8Array(body), headers: { "content-type": type } });
  if (answer.status !== 201) throw new Error(`PUT ${url}: ${answer.status} ${await answer.text()}`);
}
