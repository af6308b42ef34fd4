import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { containerdPluginKind, criPlugin } from "../../src/resources/containerd-plugin.ts";
import { bringInOrder, differences, temporaryFolder } from "../support/kind.ts";
import { shells } from "../support/run-fragment.ts";

const ok =
  "Type:          io.containerd.cri.v1\nID:            runtime\n                      \nType:          io.containerd.grpc.v1\nID:            cri\n";
const error = "failed to create CRI service: failed to create fsnotify watcher: too many open files";
const broken = `${ok}Error:        \n               Code:        Unknown\n               Message:     ${error}\n`;

/** Stand-ins for ctr and systemctl: containerd itself needs root and cgroups. The plugins are as told, and `after` a restart. */
async function programs(before: string, after = before): Promise<string> {
  const bin = join(await temporaryFolder(), "bin");
  await mkdir(bin);
  await writeFile(join(bin, "plugins"), before);
  await writeFile(join(bin, "plugins-after"), after);
  await writeFile(join(bin, "ctr"), `#!/bin/sh\n[ "$*" = "plugins ls -d id==cri type==io.containerd.cri.v1" ] && cat ${bin}/plugins\n`, {
    mode: 0o755,
  });
  await writeFile(
    join(bin, "systemctl"),
    `#!/bin/sh\n[ "$*" = "restart containerd.service" ] && cp ${bin}/plugins-after ${bin}/plugins\n`,
    { mode: 0o755 },
  );
  return bin;
}

for (const shell of shells) {
  const named = (title: string) => `${shell.join(" ")}: ${title}`;

  test(named("a plugin that has loaded is in order, until containerd is started again"), async (t) => {
    const bin = await programs(ok);
    t.deepEqual(await differences(containerdPluginKind, criPlugin, { shell, bin }), []);
    const changing = new Set(["systemd-unit:containerd.service"]);
    t.deepEqual(await differences(containerdPluginKind, criPlugin, { shell, bin, changing }), [
      { what: "plugin", to: "ok after the restart", follows: true },
    ]);
    t.is((await bringInOrder(containerdPluginKind, [criPlugin], { shell, bin })).exitCode, 0);
  });

  test(named("one that has not is told with its own error, and fails the step with it and a hint"), async (t) => {
    const bin = await programs(broken);
    t.deepEqual(await differences(containerdPluginKind, criPlugin, { shell, bin }), [{ what: "plugin", from: error, to: "ok" }]);
    const { exitCode, stderr } = await bringInOrder(containerdPluginKind, [criPlugin], { shell, bin });
    t.is(exitCode, 1);
    t.true(stderr.includes(`containerd runs without its CRI plugin, which the kubelet needs: ${error}\n`), stderr);
    t.true(stderr.includes("fs.inotify.max_user_instances"));
  });

  test(named("one that a restart heals is healed"), async (t) => {
    const bin = await programs(broken, ok);
    t.is((await bringInOrder(containerdPluginKind, [criPlugin], { shell, bin })).exitCode, 0);
    t.deepEqual(await differences(containerdPluginKind, criPlugin, { shell, bin }), []);
  });

  test(named("one that is switched off is not loaded"), async (t) => {
    const bin = await programs("Type: io.containerd.cri.v1\nID: runtime\n");
    t.deepEqual(await differences(containerdPluginKind, criPlugin, { shell, bin }), [{ what: "plugin", from: "not loaded", to: "ok" }]);
    t.is((await bringInOrder(containerdPluginKind, [criPlugin], { shell, bin })).exitCode, 1);
  });

  test(named("before containerd is there the plugin is absent"), async (t) => {
    const bin = await programs("");
    t.deepEqual(await differences(containerdPluginKind, criPlugin, { shell, bin }), [{ what: "plugin", from: "absent", to: "ok" }]);
  });
}
