import { join } from "node:path";
import { measure } from "./measure.ts";
import type { Bench } from "./part.ts";

const program = new URL("scale-run.ts", import.meta.url).pathname;

/** An apply of the whole way with nothing to do, on simulated hosts. */
export interface ScaleRun {
  readonly hosts: number;
  readonly seconds: number;
  readonly peakMemoryMiB: number;
  /** Of the host that got most. */
  readonly scripts: number;
  /** Of the first apply, which changed everything. */
  readonly first: { readonly seconds: number; readonly peakMemoryMiB: number; readonly scripts: number };
}

/** Measures the real engine, way and kinds on 3, 50 and 500 simulated hosts, a process for each run. */
export async function scale({ folder, say, signal }: Bench): Promise<readonly ScaleRun[]> {
  const runs: ScaleRun[] = [];
  for (const hosts of [3, 50, 500]) {
    const state = join(folder, `simulated-${hosts}.json`);
    const run = async (what: "apply" | "again") => {
      const { peakMemoryMiB, stdout } = await measure(process.execPath, [program, what, String(hosts), state], { cancelSignal: signal });
      return { peakMemoryMiB, ...(JSON.parse(stdout) as { readonly seconds: number; readonly scripts: number }) };
    };
    const first = await run("apply");
    runs.push({ hosts, ...(await run("again")), first });
    say(`${hosts} simulated hosts, nothing to do: ${runs.at(-1)?.seconds.toFixed(2)} s`);
  }
  return runs;
}
