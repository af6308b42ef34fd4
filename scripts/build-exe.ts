import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { execa } from "execa";

/**
 * Makes `dist-exe/kboot`, one file that runs on a machine without Node: kboot and its libraries in one script, made ready to run and put
 * into a copy of Node's own program. `--arch arm64` takes the program of that architecture, of the same version, from npm's registry, and makes
 * `dist-exe/kboot-arm64`; then nothing is made ready beforehand, since that takes the program itself.
 */
const { values: options } = parseArgs({
  options: { arch: { type: "string", default: process.arch }, output: { type: "string", default: "dist-exe" } },
});
const isForeign = options.arch !== process.arch;
const root = new URL("../", import.meta.url).pathname;
const folder = resolve(options.output);

/** Path of Node's program for another architecture, below `work`; npm checks what it fetches against the registry's digest. */
async function fetchNode(work: string): Promise<string> {
  const name = `node-${process.platform}-${options.arch}@${process.versions.node}`;
  const { stdout } = await execa("npm", ["pack", "--silent", "--pack-destination", work, name], { stderr: "inherit" });
  await execa("tar", ["-xzf", join(work, stdout.trim()), "-C", work, "package/bin/node"]);
  return join(work, "package/bin/node");
}

/** What the program reads of its own: see src/own-files.ts. */
async function listOwnFiles(): Promise<Readonly<Record<string, string>>> {
  const templates = await readdir(join(root, "templates"), { recursive: true, withFileTypes: true });
  const paths = templates.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length));
  return Object.fromEntries(["package.json", "docs/inventory.md", ...paths].map((path) => [path, join(root, path)]));
}

const work = await mkdtemp(join(tmpdir(), "kboot-exe-"));
const script = join(work, "kboot.cjs");
await build({
  entryPoints: [join(root, "src/main.ts")],
  bundle: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  outfile: script,
  minifySyntax: true,
  legalComments: "none",
  // parts in machine code that ssh2 does without
  external: ["cpu-features", "*.node"],
  define: { "import.meta.url": "undefined" },
  logLevel: "warning",
});

const config = join(work, "sea.json");
const blob = join(work, "kboot.blob");
await writeFile(
  config,
  JSON.stringify({
    main: script,
    output: blob,
    disableExperimentalSEAWarning: true,
    useCodeCache: !isForeign,
    assets: await listOwnFiles(),
  }),
);
await execa(process.execPath, ["--experimental-sea-config", config]);

const staged = join(work, "kboot");
await copyFile(isForeign ? await fetchNode(work) : process.execPath, staged);
const fuse = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";
await execa("postject", [staged, "NODE_SEA_BLOB", blob, "--sentinel-fuse", fuse], { preferLocal: true, localDir: root });
await chmod(staged, 0o755);

const program = join(folder, isForeign ? `kboot-${options.arch}` : "kboot");
await mkdir(folder, { recursive: true });
await copyFile(staged, `${program}.new`);
await rename(`${program}.new`, program);
await rm(work, { recursive: true });
process.stdout.write(`${program}\n`);
