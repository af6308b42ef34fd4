import { rmSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Host, RunIdentity } from "../../src/host/host.ts";
import { openLocalHost } from "../../src/host/local/local-host.ts";
import type { OpenOptions } from "../../src/host/shell-host.ts";

process.setMaxListeners(0);

let runs = 0;

export interface TestHostOptions extends OpenOptions {
  readonly mode?: RunIdentity["mode"];
  readonly owner?: string;
  readonly name?: string;
  /** What starts the shell: `["busybox", "sh"]`. Default dash. */
  readonly sh?: readonly string[];
}

/** A host whose scripts run on this machine as the current user, without sudo, with locks in a temporary directory. */
export async function openTestHost(options: TestHostOptions = {}): Promise<Host> {
  const { mode = "change", owner = "somebody@here, kboot test", name = "test-host" } = options;
  const run = { id: `test-${process.pid}-${++runs}`, mode, owner };
  return openLocalHost(name, run, { sh: ["dash"], ...options, user: "root", runDirectory: options.runDirectory ?? (await runDirectory()) });
}

/** A new directory for the locks of a host; it is removed when the tests end. */
export async function runDirectory(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), "kboot-run-"));
  process.once("exit", () => rmSync(parent, { recursive: true, force: true }));
  const directory = join(parent, "run");
  await mkdir(directory);
  return directory;
}
