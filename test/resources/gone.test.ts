import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { kindOf } from "../../src/engine/compose.ts";
import type { ChangeContext, Made } from "../../src/engine/contracts.ts";
import { gone } from "../../src/resources/gone.ts";
import { hostKinds } from "../../src/resources/index.ts";
import { temporaryFolder } from "../support/kind.ts";
import { runFragment, shells } from "../support/run-fragment.ts";

async function takeAway(things: readonly Made[], options: { shell: readonly string[]; bin: string }) {
  const items = things.map((thing) => ({ resource: gone(thing), observed: undefined, differences: [] }));
  const fragment = await kindOf(hostKinds, { kind: "gone" }).change(items, {} as ChangeContext);
  const result = await runFragment(fragment, { ...options, stateFolder: join(options.bin, "state") });
  return { ...result, calls: (await readFile(join(options.bin, "calls"), "utf8").catch(() => "")).trim().split("\n") };
}

/** Programs that write down how they are called. `answers` is what they print and how they exit, as sh. */
async function pretend(programs: Readonly<Record<string, string>>): Promise<string> {
  const bin = await temporaryFolder();
  await mkdir(join(bin, "state"));
  for (const [name, answer] of Object.entries(programs)) {
    await writeFile(join(bin, name), `#!/bin/sh\necho "${name} $*" >> ${join(bin, "calls")}\n${answer}\n`);
    await chmod(join(bin, name), 0o755);
  }
  return bin;
}

for (const shell of shells) {
  const named = (title: string) => `${title} (${shell.join(" ")})`;

  test(named("a unit that kboot brought is disabled and stopped; one that ran before is started anew with its former files"), async (t) => {
    const bin = await pretend({ systemctl: "" });
    const mine = { id: "systemd-unit:kubelet.service", paths: [], before: { activeState: "inactive", unitFileState: "" } };
    const others = { id: "systemd-unit:containerd.service", paths: [], before: { activeState: "active", unitFileState: "enabled" } };
    const { calls, exitCode, stderr } = await takeAway([mine, others], { shell, bin });
    t.is(exitCode, 0, stderr);
    t.deepEqual(calls, [
      "systemctl disable kubelet.service",
      "systemctl stop kubelet.service",
      "systemctl reset-failed kubelet.service",
      "systemctl daemon-reload",
      "systemctl restart containerd.service",
    ]);
  });

  test(named("an image that kboot brought goes with the names that containerd gave it, one that was there stays"), async (t) => {
    const bin = await pretend({
      ctr: `case "$*" in
  *"images ls name"*) printf 'REF TYPE DIGEST\\n%s\\n' "example.org/web:1 type sha256:aa sum" ;;
  *"images ls -q"*) printf '%s\\n' example.org/web:1 example.org/mine:1 example.org/web@sha256:aa sha256:bb ;;
esac`,
    });
    const things = [
      { id: "container-image:example.org/web:1", paths: [], before: null },
      { id: "container-image:example.org/old:1", paths: [], before: { digest: "sha256:cc" } },
    ];
    const { calls, exitCode, stderr } = await takeAway(things, { shell, bin });
    t.is(exitCode, 0, stderr);
    t.deepEqual(
      calls.filter((call) => call.includes(" rm ")),
      ["ctr -n k8s.io images rm example.org/web@sha256:aa sha256:bb", "ctr -n k8s.io images rm example.org/web:1"],
    );
  });
}

// busybox has a modprobe of its own
test("a module that was not loaded before is taken out, and it is no fault when somebody uses it", async (t) => {
  const bin = await pretend({ modprobe: "exit 1" });
  const things = [
    { id: "kernel-module:br_netfilter", paths: [], before: { loaded: false } },
    { id: "kernel-module:overlay", paths: [], before: { loaded: true } },
  ];
  const { calls, exitCode } = await takeAway(things, { shell: ["dash"], bin });
  t.is(exitCode, 0);
  t.deepEqual(calls, ["modprobe -r br_netfilter"]);
});

// busybox has a dpkg of its own
test("a package that was there before stays; of one that kboot installed goes also what came in with it", async (t) => {
  const bin = await pretend({
    "dpkg-query": "exit 0",
    "apt-get": `case "$*" in
  *autoremove*) echo "Remv old [1]"; [ ! -e ${"$"}{0%/*}/purged ] || echo "Remv runc [1]" ;;
  *purge*) : > ${"$"}{0%/*}/purged ;;
esac`,
    dpkg: "",
  });
  const things = [
    { id: "package:containerd", paths: [], before: null },
    { id: "package:ebtables", paths: [], before: { status: "installed", version: "1" } },
  ];
  const { calls, exitCode, stderr } = await takeAway(things, { shell: ["dash"], bin });
  t.is(exitCode, 0, stderr);
  const purged = calls.filter((call) => call.includes(" purge ")).map((call) => call.replace(/.* purge /, ""));
  t.deepEqual(purged, ["containerd", "runc"]);
});
