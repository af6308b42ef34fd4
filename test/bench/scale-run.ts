import { readFile, writeFile } from "node:fs/promises";
import { Simulation } from "../support/simulation.ts";

/** A program: `scale-run.ts apply|again HOSTS STATE`. The first apply leaves what the simulated hosts then say in the file STATE. */

const [what, hosts, state = ""] = process.argv.slice(2);
const simulation = new Simulation({ hosts: Number(hosts), latencyMs: 1 });
if (what === "again") simulation.restore(await readFile(state, "utf8"));
const start = performance.now();
const { result, work } = await simulation.run("apply");
const seconds = (performance.now() - start) / 1000;
for (const error of result.errors.values()) throw error;
if (what === "apply") await writeFile(state, simulation.save());
else if (result.plan.length > 0) throw new Error(`${result.plan.length} steps are not in order after an apply`);
const scripts = Math.max(...[...work.values()].map((one) => one.scripts));
process.stdout.write(`${JSON.stringify({ seconds, scripts })}\n`);
