import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { kboot, type RunEvent, readEvents } from "./lab.ts";

/** How a run that was to be killed ended. */
export interface KilledRun {
  /** `SIGKILL`; undefined when it had ended before. */
  readonly signal: string | undefined;
  readonly exitCode: number | undefined;
  readonly stderr: string;
  /** `HOST STEP` of the steps that had begun and not ended. */
  readonly running: readonly string[];
}

/** Runs a command of kboot and kills it some time after the first event for which `isMoment` holds. */
export async function runAndKill(args: readonly string[], isMoment: (event: RunEvent) => boolean, delayMs: number): Promise<KilledRun> {
  const child = kboot(...args, "--output", "json");
  const running = new Set<string>();
  let killing: Promise<void> | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const [event] = readEvents(`${line}\n`);
    if (event === undefined) continue;
    const pair = `${event.host} ${event.step}`;
    if (event.type === "step-finished") running.delete(pair);
    if (event.type === "step-started") running.add(pair);
    if (killing === undefined && isMoment(event)) {
      killing = sleep(delayMs).then(() => {
        child.kill("SIGKILL");
      });
    }
  }
  await killing;
  const { signal, stderr, exitCode } = await child;
  return { signal, stderr, exitCode, running: [...running] };
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomNumbers(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
