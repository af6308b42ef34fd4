import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { buildBundle } from "./build.ts";
import { type Bundle, bundleSchema } from "./bundle.ts";
import { run, say } from "./run.ts";

/** A containerd of its own below `folder`: no Kubernetes, nothing shared with one that the machine may run. */
function renderConfig(folder: string): string {
  return [
    "version = 3",
    `root = "${folder}/root"`,
    `state = "${folder}/state"`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.nri.v1.nri"]',
    "[grpc]",
    `address = "${folder}/containerd.sock"`,
    "[ttrpc]",
    `address = "${folder}/containerd.sock.ttrpc"`,
    "",
  ].join("\n");
}

/** Starts the containerd in `programs`, calls `work` with a function that runs its ctr, and ends it. */
async function withContainerd<T>(programs: string, folder: string, work: (ctr: (...args: string[]) => Promise<string>) => Promise<T>) {
  const config = join(folder, "config.toml");
  const socket = join(folder, "containerd.sock");
  await writeFile(config, renderConfig(folder));
  const { PATH = "" } = process.env;
  const env = { ...process.env, PATH: `${programs}:${PATH}` };
  const containerd = spawn(join(programs, "containerd"), ["--config", config, "--log-level", "error"], {
    env,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = new Promise<void>((resolve) => {
    containerd.on("exit", () => resolve());
    containerd.on("error", () => resolve());
  });
  try {
    for (let tries = 0; !existsSync(socket); tries += 1) {
      if (tries > 100 || containerd.exitCode !== null) throw new Error("containerd does not listen");
      await sleep(100);
    }
    return await work((...args) => run(join(programs, "ctr"), ["--address", socket, "--namespace", "k8s.io", ...args]));
  } finally {
    containerd.kill("SIGTERM");
    await ended;
  }
}

async function unpackPrograms(bundle: string, manifest: Bundle, folder: string): Promise<string> {
  const archive = manifest.files.find((file) => file.name === "containerd");
  if (!archive) throw new Error("the bundle has no containerd");
  await run("tar", ["-C", folder, "-xzf", join(bundle, archive.path)]);
  return join(folder, "bin");
}

/** Imports all images of a bundle into its own containerd, unpacked, and throws unless each is there, complete and by its digest. */
export async function checkImport(bundle: string): Promise<void> {
  const manifest = bundleSchema.parse(JSON.parse(await readFile(join(bundle, "bundle.json"), "utf8")));
  const folder = await mkdtemp(join(tmpdir(), "kboot-import-"));
  try {
    await mkdir(join(folder, "state"));
    const programs = await unpackPrograms(bundle, manifest, folder);
    const archive = join(folder, "images.tar");
    await run("tar", ["-C", join(bundle, "images"), "-cf", archive, "."]);
    await withContainerd(programs, folder, async (ctr) => {
      const start = performance.now();
      await ctr("images", "import", archive);
      say(`imported ${manifest.images.length} images in ${((performance.now() - start) / 1000).toFixed(1)} s`);
      const rows = (await ctr("images", "check")).split("\n");
      for (const image of manifest.images) {
        const row = rows.find((line) => line.startsWith(`${image.name} `)) ?? "";
        if (!row.includes(image.digest) || !/ complete .* true\s*$/.test(row))
          throw new Error(`${image.name} is not as it should be: ${row || "absent"}`);
      }
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { kubernetes: { type: "string" } } });
  const { bundle } = await buildBundle(values);
  await checkImport(bundle);
  process.stdout.write(`${bundle}\n`);
}
