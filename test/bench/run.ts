import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Lab, lab, labUp, writeInventory } from "../cluster/support/lab.ts";
import { buildBundle } from "../components/build.ts";
import { waitUntilComplete } from "./complete.ts";
import { formatSpread, formatTable, type Milestones, type Spread, spreadOf } from "./figures.ts";
import { applyKboot, compileKboot, type KbootRun, timeHelp } from "./kboot.ts";
import { prepareKubeadm, runKubeadm } from "./kubeadm.ts";

/** Measures kboot on test hosts, beside a scripted kubeadm. See docs/benchmarks.md. */

interface Bootstrap {
  readonly seconds: number;
  readonly milestones: Milestones;
  /** The machine's load just before, over a minute. */
  readonly loadBefore: number;
}

interface Results {
  readonly kubeadm: Bootstrap[];
  readonly kboot: (Bootstrap & KbootRun)[];
  readonly idle: KbootRun[];
  readonly helpMs: number[];
  readonly failures: { readonly round: number; readonly who: string; readonly message: string }[];
}

const { values: options } = parseArgs({
  options: { set: { type: "string", default: "bench" }, rounds: { type: "string", default: "3" }, json: { type: "string" } },
});
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds is a whole number from 1, not ${options.rounds}`);

function say(message: string): void {
  process.stderr.write(`bench: ${message}\n`);
}

async function measure(folder: string, signal: AbortSignal): Promise<Results> {
  const results: Results = { kubeadm: [], kboot: [], idle: [], helpMs: [], failures: [] };
  const { bundle } = await buildBundle();
  const program = await compileKboot(join(folder, "kboot"));
  say("kboot --help");
  results.helpMs.push(...(await timeHelp(program, 10)));
  signal.throwIfAborted();
  const set = await labUp(options.set, { controlPlanes: 1, workers: 2 });
  signal.throwIfAborted();
  const inventory = await writeInventory(set, { folder, bundle });
  const prepared = join(folder, "kubeadm");
  await prepareKubeadm(set, inventory, prepared);

  const contenders = {
    async kubeadm() {
      const run = await bootstrap(set, signal, () => runKubeadm(set, prepared, signal));
      results.kubeadm.push(run);
      return run;
    },
    async kboot() {
      const run = await bootstrap(set, signal, () => applyKboot(program, inventory, signal));
      results.kboot.push(run);
      results.idle.push(await applyKboot(program, inventory, signal));
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
async function bootstrap<R extends { readonly seconds: number }>(set: Lab, signal: AbortSignal, run: () => Promise<R>) {
  await lab("bare", "--set", options.set);
  signal.throwIfAborted();
  const [loadBefore = 0] = loadavg();
  const result = await run();
  const end = performance.now();
  const looks = await waitUntilComplete(set, signal);
  const waited = looks === 1 ? 0 : (performance.now() - end) / 1000;
  return { ...result, seconds: result.seconds + waited, loadBefore };
}

function printResults({ kubeadm, kboot, idle, helpMs, failures }: Results): void {
  const spread = <R>(runs: readonly R[], pick: (run: R) => number, digits?: number) => formatSpread(spreadOf(runs.map(pick)), digits);
  const ratio = (a: Spread | undefined, b: Spread | undefined) => (a && b ? (a.median / b.median).toFixed(2) : "-");
  const seconds = [kboot, kubeadm].map((runs) => spreadOf(runs.map((run) => run.seconds)));
  const milestone = (title: string, which: keyof Milestones) => [
    title,
    ...[kboot, kubeadm].map((runs) => spread<Bootstrap>(runs, ({ milestones }) => milestones[which])),
    ratio(...([kboot, kubeadm].map((runs) => spreadOf(runs.map(({ milestones }) => milestones[which]))) as [Spread, Spread])),
  ];
  process.stdout.write(
    formatTable([
      [`1+2 hosts, ${rounds} rounds, ${cpus().length} cores`, "kboot", "kubeadm", "ratio"],
      ["bare hosts to a complete cluster, s", formatSpread(seconds[0]), formatSpread(seconds[1]), ratio(seconds[0], seconds[1])],
      milestone("- programs and images on all hosts after", "installed"),
      milestone("- first control plane ready for joins after", "initialized"),
      milestone("- workers joined after", "joined"),
      milestone("- nodes Ready after", "ready"),
      ["peak memory of this apply, MiB", spread(kboot, (run) => run.peakMemoryMiB, 0), "", ""],
      ["apply with nothing to do, s", spread(idle, (run) => run.seconds, 2), "", ""],
      ["- round trips of the busiest host", spread(idle, (run) => Math.max(...Object.values(run.trips)), 0), "", ""],
      ["- changes, which should be none", spread(idle, (run) => run.changes, 0), "", ""],
      ["- peak memory, MiB", spread(idle, (run) => run.peakMemoryMiB, 0), "", ""],
      ["kboot --help, ms", formatSpread(spreadOf(helpMs), 0), "", ""],
    ]),
  );
  for (const { round, who, message } of failures) process.stdout.write(`round ${round}: ${who} failed: ${message.split("\n")[0]}\n`);
}

const interrupt = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    say(`${name}: taking the hosts down`);
    interrupt.abort(new Error(`stopped by ${name}`));
  });
}
const folder = await mkdtemp(join(tmpdir(), "kboot-bench-"));
try {
  const results = await measure(folder, interrupt.signal);
  printResults(results);
  if (options.json !== undefined) {
    const machine = {
      cores: cpus().length,
      model: cpus()[0]?.model,
      memory: /MemTotal:\s+(.*)/.exec(await readFile("/proc/meminfo", "utf8"))?.[1],
    };
    await writeFile(options.json, `${JSON.stringify({ machine, rounds, ...results }, null, 2)}\n`);
  }
  if (results.failures.length > 0) process.exitCode = 1;
} catch (error) {
  if (!interrupt.signal.aborted) throw error;
  process.exitCode = 130;
} finally {
  await lab("down", "--set", options.set);
  await rm(folder, { recursive: true, force: true });
}
