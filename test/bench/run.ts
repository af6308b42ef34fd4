import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { lab } from "../cluster/support/lab.ts";
import { bootstrap } from "./bootstrap.ts";
import { idle } from "./idle.ts";
import { compileKboot, timeHelp } from "./kboot.ts";
import { observe } from "./observe.ts";
import type { Bench } from "./part.ts";
import { scale } from "./scale.ts";
import { printTable, type Results, replaceFigures } from "./table.ts";

/** Measures kboot, beside others where there are any. See docs/benchmarks.md. */

const parts = {
  startup: async ({ compiled }: Bench) => ({ helpMs: await timeHelp(await compiled(), 10) }),
  scale,
  observe,
  bootstrap,
  idle,
} as const;
type Part = keyof typeof parts;
const names = Object.keys(parts) as Part[];

const { values: options } = parseArgs({
  options: {
    set: { type: "string", default: "bench" },
    rounds: { type: "string", default: "3" },
    part: { type: "string", multiple: true, default: names },
    json: { type: "string" },
    readme: { type: "boolean", default: false },
    show: { type: "boolean", default: false },
  },
});
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds is a whole number from 1, not ${options.rounds}`);
const chosen = options.show ? [] : names.filter((name) => options.part.includes(name));
const unknown = options.part.filter((name) => !names.some((known) => known === name));
if (unknown.length > 0) throw new Error(`there is no part ${unknown.join(", ")}; parts are ${names.join(", ")}`);

function say(message: string): void {
  process.stderr.write(`bench: ${message}\n`);
}

const interrupt = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    say(`${name}: taking the hosts down`);
    interrupt.abort(new Error(`stopped by ${name}`));
  });
}
const folder = await mkdtemp(join(tmpdir(), "kboot-bench-"));
let program: Promise<string> | undefined;
const bench: Bench = {
  set: options.set,
  rounds,
  folder,
  compiled: () => (program ??= compileKboot(join(folder, "kboot"))),
  say,
  signal: interrupt.signal,
};
try {
  let results = await readResults();
  for (const name of chosen) {
    interrupt.signal.throwIfAborted();
    say(`${name}; the load is ${loadavg()[0]?.toFixed(1)}`);
    results = { ...results, machine: await describeMachine(), [name]: await parts[name](bench) };
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(results, null, 2)}\n`);
  }
  const table = printTable(results);
  process.stdout.write(table);
  if (options.readme) {
    const readme = new URL("../../README.md", import.meta.url);
    await writeFile(readme, replaceFigures(await readFile(readme, "utf8"), table));
  }
  for (const { round, who, message } of results.bootstrap?.failures ?? []) {
    process.stdout.write(`round ${round}: ${who} failed: ${message.split("\n")[0]}\n`);
    process.exitCode = 1;
  }
} catch (error) {
  if (!interrupt.signal.aborted) throw error;
  process.exitCode = 130;
} finally {
  if (chosen.some((name) => name !== "startup" && name !== "scale")) await lab("down", "--set", options.set);
  await rm(folder, { recursive: true, force: true });
}

/** Parts that were measured before, so that single ones can be measured anew. */
async function readResults(): Promise<Results> {
  if (options.json === undefined) return {};
  const text = await readFile(options.json, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" && !options.show) return "{}";
    throw error;
  });
  return JSON.parse(text) as Results;
}

async function describeMachine() {
  return {
    cores: cpus().length,
    model: cpus()[0]?.model,
    memory: /MemTotal:\s+(.*)/.exec(await readFile("/proc/meminfo", "utf8"))?.[1],
  };
}
