import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { directory, directoryKind } from "../../src/resources/directory.ts";
import { kernelModule, kernelModuleKind } from "../../src/resources/kernel-module.ts";
import { sysctl, sysctlKind } from "../../src/resources/sysctl.ts";
import { bringInOrder, differences } from "../support/kind.ts";
import { shells } from "../support/run-fragment.ts";

for (const shell of shells) {
  const name = shell.join(" ");

  test(`a directory is made with its mode, and a changed mode is what differs (${name})`, async (t) => {
    const wished = directory(join(await mkdtemp(join(tmpdir(), "kboot-test-")), "deep", "er"), "0700");
    t.deepEqual(await differences(directoryKind, wished, { shell }), [{ what: "directory", to: "0700" }]);
    t.is((await bringInOrder(directoryKind, [wished], { shell })).exitCode, 0);
    t.deepEqual(await differences(directoryKind, wished, { shell }), []);
    await chmod(wished.path, 0o755);
    t.deepEqual(await differences(directoryKind, wished, { shell }), [{ what: "mode", from: "0755", to: "0700" }]);
  });

  test(`a sysctl is compared with what the kernel has (${name})`, async (t) => {
    t.deepEqual(await differences(sysctlKind, sysctl("kernel.ostype", "Linux"), { shell }), []);
    t.deepEqual(await differences(sysctlKind, sysctl("kernel.ostype", "Hurd"), { shell }), [{ what: "value", from: "Linux", to: "Hurd" }]);
    t.deepEqual(await differences(sysctlKind, sysctl("kboot.no.such", "1"), { shell }), [{ what: "value", from: undefined, to: "1" }]);
  });

  test(`a kernel module that is not there is a difference (${name})`, async (t) => {
    t.deepEqual(await differences(kernelModuleKind, kernelModule("kboot_no_such"), { shell }), [{ what: "module", to: "loaded" }]);
  });

  test(`a sysctl that cannot be set fails (${name})`, async (t) => {
    t.not((await bringInOrder(sysctlKind, [sysctl("kboot.no.such", "1")], { shell })).exitCode, 0);
  });
}
