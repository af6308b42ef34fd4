import { mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { execa } from "execa";
import { startSshd } from "../support/sshd.ts";

const root = new URL("../../", import.meta.url).pathname;

async function emptyFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kboot-package-"));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

/** What somebody does who has nothing but the program: help, what it brings with it, and a machine asked over SSH. */
async function assertWorks(t: ExecutionContext, folder: string, program: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const kboot = (...words: readonly string[]) =>
    execa(program[0] ?? "", [...program.slice(1), ...words], { cwd: folder, env, extendEnv: false, reject: false });
  t.regex((await kboot("--help")).stdout, /^Usage: kboot /);
  t.regex((await kboot("version")).stdout, /^kboot \d+\.\d+\.\d+\n/);
  const schema = JSON.parse((await kboot("inventory", "schema")).stdout) as { title: string };
  t.is(schema.title, "kboot inventory");
  t.is((await kboot("plam")).exitCode, 64);

  const sshd = await startSshd();
  t.teardown(() => sshd.stop());
  const { ssh, address } = sshd.host();
  const { user, identityFiles, knownHostsFile } = ssh;
  const spec = {
    kubernetesVersion: "1.36.3",
    ssh: { user, port: sshd.port, identityFiles, knownHostsFile },
    hosts: [{ name: "cp1", address, role: "control-plane" }],
  };
  await writeFile(
    join(folder, "kboot.yaml"),
    JSON.stringify({ apiVersion: "kboot.dev/v1alpha1", kind: "Cluster", metadata: { name: "lab" }, spec }),
  );
  const { exitCode, stderr } = await kboot("token", "list", "-f", "kboot.yaml");
  t.is(exitCode, 6, stderr);
  t.regex(stderr, /^no control plane that was reached has the cluster's CA/);
}

test("the single executable works on a machine without Node", async (t) => {
  const folder = await emptyFolder(t);
  const { stdout } = await execa(process.execPath, [join(root, "scripts/build-exe.ts"), "--output", folder]);
  t.is(stdout.trim(), join(folder, "kboot"));
  t.deepEqual(await readdir(folder), ["kboot"]);
  await assertWorks(t, folder, [join(folder, "kboot")], { HOME: folder, PATH: "/usr/sbin:/usr/bin:/sbin:/bin" });
});

/** In the header of a program, by Node's name of the architecture (elf.h, e_machine). */
const machines = { x64: 62, arm64: 183 };

test("the executable is made for the other architecture as well", async (t) => {
  const folder = await emptyFolder(t);
  const arch = process.arch === "x64" ? "arm64" : "x64";
  await execa(process.execPath, [join(root, "scripts/build-exe.ts"), "--arch", arch, "--output", folder]);
  const file = await open(join(folder, `kboot-${arch}`));
  const { buffer } = await file.read(Buffer.alloc(20), 0, 20, 0);
  await file.close();
  t.is(buffer.toString("latin1", 1, 4), "ELF");
  t.is(buffer.readUInt16LE(18), machines[arch]);
});

test("the package installs elsewhere, without what is for development alone", async (t) => {
  const folder = await emptyFolder(t);
  const packed = await execa("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: root });
  const archive = join(folder, packed.stdout.trim().split("\n").at(-1) ?? "");
  await writeFile(join(folder, "package.json"), "{}");
  await execa("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", archive], { cwd: folder });
  t.false((await readdir(join(folder, "node_modules"))).includes("ava"));
  // the Node of this test, since any that runs npm may be older than kboot wants
  await assertWorks(t, folder, [process.execPath, join(folder, "node_modules/kboot/dist/main.js")], {
    HOME: folder,
    PATH: process.env["PATH"],
  });
});
