import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { execa } from "execa";
import { aptPackage, packageKind } from "../../src/resources/package.ts";
import { writeAptIndex } from "../support/apt-index.ts";
import { bringInOrder, differences, temporaryFolder } from "../support/kind.ts";

// one environment for apt and dpkg at a time
const serial = test.serial;

interface Release {
  readonly version: string;
  readonly postinst?: string;
}

/** A system of its own for the real apt and dpkg, with a repository of one package, `demo`, that has a conffile. */
async function makeSystem(release: Release) {
  const root = await temporaryFolder();
  const repository = join(root, "repository");
  for (const path of ["repository", "etc", "var/lib/dpkg/info", "var/lib/dpkg/updates", "lists/partial", "cache/archives/partial"])
    await mkdir(join(root, path), { recursive: true });
  await writeFile(join(root, "var/lib/dpkg/status"), "");
  await writeFile(join(root, "sources.list"), `deb [trusted=yes] file:${repository} ./\n`);
  await writeFile(
    join(root, "apt.conf"),
    `Dir::Etc::sourcelist "${root}/sources.list"; Dir::Etc::sourceparts "-"; Dir::State "${root}"; Dir::State::lists "${root}/lists";
Dir::State::status "${root}/var/lib/dpkg/status"; Dir::Cache "${root}/cache"; APT::Sandbox::User "root"; Acquire::Languages "none";
DPkg::Options { "--root=${root}"; "--force-script-chrootless"; };\n`,
  );
  process.env["APT_CONFIG"] = join(root, "apt.conf");
  process.env["DPKG_ADMINDIR"] = join(root, "var/lib/dpkg");
  const system = { root, publish: (next: Release) => publish(repository, next) };
  await system.publish(release);
  return system;
}

async function publish(repository: string, { version, postinst }: Release): Promise<void> {
  const tree = join(await temporaryFolder(), "tree");
  await mkdir(join(tree, "DEBIAN"), { recursive: true });
  await mkdir(join(tree, "etc"));
  await writeFile(join(tree, "etc/demo.conf"), `as ${version} has it\n`);
  await writeFile(join(tree, "DEBIAN/conffiles"), "/etc/demo.conf\n");
  const fields = ["Package: demo", `Version: ${version}`, "Architecture: all", "Maintainer: a <a@b.c>", "Description: demo", ""];
  await writeFile(join(tree, "DEBIAN/control"), fields.join("\n"));
  if (postinst !== undefined) {
    await writeFile(join(tree, "DEBIAN/postinst"), `#!/bin/sh\n${postinst}\n`);
    await chmod(join(tree, "DEBIAN/postinst"), 0o755);
  }
  await execa("dpkg-deb", ["--root-owner-group", "--build", tree, join(repository, "demo.deb")]);
  await writeAptIndex(repository, "demo.deb");
}

test.after.always(() => {
  for (const name of ["APT_CONFIG", "DPKG_ADMINDIR"]) delete process.env[name];
});

const wished = aptPackage("demo", "1.7");
// where there is apt, sh is dash
const shell = ["dash"];

serial("a package that apt has not heard of yet is installed, and then in order", async (t) => {
  t.timeout(60_000);
  await makeSystem({ version: "1:1.7.24~ds1-6" });
  t.deepEqual(await differences(packageKind, wished, { shell }), [{ what: "package", to: "installed, 1.7 or newer" }]);
  const { exitCode, stderr } = await bringInOrder(packageKind, [wished], { shell });
  t.is(exitCode, 0, stderr);
  t.deepEqual(await differences(packageKind, wished, { shell }), []);
});

serial("one that is too old is brought up to date, and a file of its configuration that was changed stays", async (t) => {
  t.timeout(60_000);
  const { root, publish: release } = await makeSystem({ version: "1.6.20" });
  t.is((await bringInOrder(packageKind, [aptPackage("demo")], { shell })).exitCode, 0);
  await writeFile(join(root, "etc/demo.conf"), "ours\n");
  t.deepEqual(await differences(packageKind, wished, { shell }), [{ what: "version", from: "1.6.20", to: "1.7 or newer" }]);
  await release({ version: "2.0" });
  await execa("apt-get", ["-q", "update"]);
  const { exitCode, stderr } = await bringInOrder(packageKind, [wished], { shell });
  t.is(exitCode, 0, stderr);
  t.deepEqual(await differences(packageKind, wished, { shell }), []);
  t.is(await readFile(join(root, "etc/demo.conf"), "utf8"), "ours\n");
});

serial("what apt has is refused when it is too old, with both versions", async (t) => {
  t.timeout(60_000);
  await makeSystem({ version: "1.6.20~ds1-1" });
  const { exitCode, stderr } = await bringInOrder(packageKind, [wished], { shell });
  t.is(exitCode, 1);
  t.regex(stderr, /^1\.6\.20~ds1-1 is what apt has of demo, and 1\.7 or newer is wanted/m);
  t.is((await differences(packageKind, wished, { shell })).length, 1);
});

serial("a package that no repository has is named", async (t) => {
  t.timeout(60_000);
  await makeSystem({ version: "1.0" });
  const { exitCode, stderr } = await bringInOrder(packageKind, [aptPackage("nonesuch")], { shell });
  t.is(exitCode, 1);
  t.regex(stderr, /^apt knows no package nonesuch/m);
});

serial("an installation that broke off half-way is not in order, and the next one ends it", async (t) => {
  t.timeout(60_000);
  const { root } = await makeSystem({ version: "1.7", postinst: '[ -e "$DPKG_ROOT/may-configure" ]' });
  const { exitCode, stderr } = await bringInOrder(packageKind, [wished], { shell });
  t.is(exitCode, 1);
  t.regex(
    stderr,
    /^dpkg: error processing package demo .*\n.*post-installation script.*\nE: Sub-process .*dpkg returned an error code.*\n$/m,
  );
  t.deepEqual(await differences(packageKind, wished, { shell }), [{ what: "state", from: "1.7 is half-configured", to: "installed" }]);
  await writeFile(join(root, "may-configure"), "");
  const second = await bringInOrder(packageKind, [wished], { shell });
  t.is(second.exitCode, 0, second.stderr);
  t.deepEqual(await differences(packageKind, wished, { shell }), []);
});

test("a package of which the configuration alone is left is not installed; one that is held is", (t) => {
  const seen = (text: string) => packageKind.parse(aptPackage("demo"), { exitCode: 0, stdout: Buffer.from(text) });
  t.is(seen("config-files ok 1.0 yes\n"), undefined);
  t.is(seen(""), undefined);
  t.deepEqual(seen("installed ok 1.0 yes\n"), { status: "installed", version: "1.0", isNewEnough: true });
  t.is(seen("half-installed reinstreq 1.0 yes\n")?.status, "half-installed, reinstreq");
});

test("what was there before is kept without more than its version and state", (t) => {
  t.is(packageKind.before?.(undefined), null);
  t.deepEqual(packageKind.before?.({ status: "installed", version: "1.0", isNewEnough: false }), { status: "installed", version: "1.0" });
});
