import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { toolsTree } from "./iptables.ts";

/**
 * Runs scripts of sh (dash) as on a host that has iptables, ipset and iproute2: files, devices, rules and sets are the script's own and
 * gone afterwards. `without` names programs that the host lacks. Returns what was printed; throws when a script fails.
 */
export async function inSandbox(script: string, { without = [] }: { readonly without?: readonly string[] } = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kboot-sandbox-"));
  const root = join(folder, "root");
  try {
    await cp(toolsTree(), root, { recursive: true, verbatimSymlinks: true });
    // busybox' own sh takes its applets for the programs of the same name
    await cp("/bin/dash", join(root, "usr/bin/dash"));
    for (const name of ["dev", "proc", "sys", "run", "var", "opt"]) await mkdir(join(root, name), { recursive: true });
    for (const name of without) {
      for (const place of ["bin", "sbin"]) await rm(join(root, "usr", place, name), { force: true });
    }
    // a name space of its own ends with its last process, and its mounts with it
    const enter = `mount --bind /dev ${root}/dev && mount -t proc proc ${root}/proc && mount -t sysfs sys ${root}/sys && exec chroot ${root} dash -eu`;
    const { stdout } = await execa("unshare", ["--net", "--mount", "--", "sh", "-c", enter], { input: script });
    return stdout;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
