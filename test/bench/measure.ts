import { readdir, readFile } from "node:fs/promises";
import { execa, type Options } from "execa";

export interface Measured {
  readonly seconds: number;
  /** Of the command and all that it started, counting shared pages once. */
  readonly peakMemoryMiB: number;
  readonly stdout: string;
  /** With stderr. */
  readonly output: string;
}

/** Runs a command; throws with what it said when it fails. */
export async function measure(
  command: string,
  args: readonly string[],
  options: Options & { readonly cancelSignal: AbortSignal },
): Promise<Measured> {
  const start = performance.now();
  const child = execa(command, args, { stdin: "ignore", maxBuffer: 1 << 30, ...options, all: true, detached: true });
  let peakKiB = 0;
  const sampling = setInterval(async () => {
    peakKiB = Math.max(peakKiB, await memoryOfGroup(child.pid));
  }, 100);
  const end = () => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
  };
  options.cancelSignal.addEventListener("abort", end, { once: true });
  try {
    const { stdout, all } = await child;
    return { seconds: (performance.now() - start) / 1000, peakMemoryMiB: peakKiB / 1024, stdout: String(stdout), output: String(all) };
  } finally {
    options.cancelSignal.removeEventListener("abort", end);
    clearInterval(sampling);
  }
}

/** KiB of the processes of a group (proc(5): the fifth field of stat; Pss in smaps_rollup). */
async function memoryOfGroup(group: number | undefined): Promise<number> {
  const read = (path: string) => readFile(path, "utf8").catch(() => "");
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const sizes = await Promise.all(
    pids.map(async (pid) => {
      const fields = (await read(`/proc/${pid}/stat`)).replace(/^.*\) /s, "").split(" ");
      if (Number(fields[2]) !== group) return 0;
      return Number(/^Pss:\s+(\d+) kB$/m.exec(await read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
