import { cp, mkdir, readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { readEvents } from "../cluster/support/lab.ts";
import type { Milestones } from "./figures.ts";

const root = new URL("../../", import.meta.url).pathname;

/** One `kboot apply`. */
export interface KbootRun {
  readonly seconds: number;
  readonly peakMemoryMiB: number;
  /** By host. */
  readonly trips: Readonly<Record<string, number>>;
  /** Resources that were changed, on all hosts. */
  readonly changes: number;
  readonly milestones: Milestones;
}

/** Compiles kboot as it is published, into a folder of its own, and returns the path of its program. */
export async function compileKboot(folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await execa(join(root, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json", "--outDir", join(folder, "dist")], { cwd: root });
  for (const name of ["templates", "package.json"]) await cp(join(root, name), join(folder, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  return join(folder, "dist", "main.js");
}

/** Runs `kboot apply`; throws with what it said when it fails. */
export async function applyKboot(program: string, inventory: string, signal: AbortSignal): Promise<KbootRun> {
  const start = Date.now();
  const child = execa(process.execPath, [program, "apply", "-f", inventory, "--output", "json"], {
    stdin: "ignore",
    maxBuffer: 1 << 30,
    cancelSignal: signal,
  });
  // the kernel keeps the peak, so it is enough to look often enough to come by shortly before the end
  let peakKiB = 0;
  const sampling = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "");
    peakKiB = Math.max(peakKiB, Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0));
  }, 50);
  try {
    const { stdout } = await child;
    const seconds = (Date.now() - start) / 1000;
    const events = readEvents(stdout);
    const finished = events.filter(({ type }) => type === "step-finished");
    const lastOf = (...steps: readonly string[]) =>
      Math.max(0, ...finished.filter(({ step }) => steps.includes(step ?? "")).map(({ at }) => (Number(at) - start) / 1000));
    return {
      seconds,
      peakMemoryMiB: peakKiB / 1024,
      trips: (events.find(({ type }) => type === "run-finished")?.["trips"] ?? {}) as Record<string, number>,
      changes: finished.reduce((sum, { changes }) => sum + Number(changes), 0),
      milestones: {
        installed: lastOf("images", "kubernetes", "containerd"),
        initialized: lastOf("api", "cluster-config"),
        joined: lastOf("join"),
        ready: lastOf("node-ready"),
        finished: seconds,
      },
    };
  } finally {
    clearInterval(sampling);
  }
}

/** Milliseconds that `kboot --help` takes, each of `times` calls. */
export async function timeHelp(program: string, times: number): Promise<readonly number[]> {
  const taken: number[] = [];
  for (let call = 0; call < times; call += 1) {
    const start = performance.now();
    await execa(process.execPath, [program, "--help"]);
    taken.push(performance.now() - start);
  }
  return taken;
}
