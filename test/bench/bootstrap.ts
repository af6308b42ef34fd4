import { loadavg } from "node:os";
import { join } from "node:path";
import { type Lab, lab, labUp, writeInventory } from "../cluster/support/lab.ts";
import { buildBundle } from "../components/build.ts";
import { waitUntilComplete } from "./complete.ts";
import type { Milestones } from "./figures.ts";
import { applyKboot, type KbootRun } from "./kboot.ts";
import { prepareKubeadm, runKubeadm } from "./kubeadm.ts";
import type { Bench } from "./part.ts";

export interface Bootstrap {
  readonly seconds: number;
  readonly milestones: Milestones;
  /** The machine's load just before, over a minute. */
  readonly loadBefore: number;
}

export interface Bootstraps {
  readonly kubeadm: Bootstrap[];
  readonly kboot: (Bootstrap & KbootRun)[];
  readonly failures: { readonly round: number; readonly who: string; readonly message: string }[];
}

/** Makes a cluster of bare hosts by kboot and by a scripted kubeadm, in turns. */
export async function bootstrap({ set: name, rounds, folder, compiled, say, signal }: Bench): Promise<Bootstraps> {
  const results: Bootstraps = { kubeadm: [], kboot: [], failures: [] };
  const { bundle } = await buildBundle();
  const program = await compiled();
  const set = await labUp(name, { controlPlanes: 1, workers: 2 });
  const inventory = await writeInventory(set, { folder, bundle });
  const prepared = join(folder, "kubeadm");
  await prepareKubeadm(set, inventory, prepared);

  const contenders = {
    async kubeadm() {
      const run = await timeBootstrap(set, signal, () => runKubeadm(set, prepared, signal));
      results.kubeadm.push(run);
      return run;
    },
    async kboot() {
      const run = await timeBootstrap(set, signal, () => applyKboot(program, inventory, signal));
      results.kboot.push(run);
      return run;
    },
  };
  for (let round = 1; round <= rounds; round += 1) {
    for (const who of round % 2 === 1 ? (["kubeadm", "kboot"] as const) : (["kboot", "kubeadm"] as const)) {
      try {
        const { seconds } = await contenders[who]();
        say(`round ${round} of ${rounds}: ${who} ${seconds.toFixed(1)} s`);
      } catch (error) {
        signal.throwIfAborted();
        const { message } = error as Error;
        results.failures.push({ round, who, message });
        say(`round ${round} of ${rounds}: ${who} failed: ${message}`);
      }
    }
  }
  return results;
}

/** Times a way to a complete cluster. Whoever ends too early is charged for the wait that was left. */
async function timeBootstrap<R extends { readonly seconds: number }>(set: Lab, signal: AbortSignal, run: () => Promise<R>) {
  await lab("bare", "--set", set.set);
  signal.throwIfAborted();
  const [loadBefore = 0] = loadavg();
  const result = await run();
  const end = performance.now();
  const looks = await waitUntilComplete(set, signal);
  const waited = looks === 1 ? 0 : (performance.now() - end) / 1000;
  return { ...result, seconds: result.seconds + waited, loadBefore };
}
