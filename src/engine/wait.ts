import { setTimeout as sleep } from "node:timers/promises";
import { isTransient, KbootError } from "../errors.ts";

/** Looks for a reason why something will not come; `isLast` when it is waited for no longer. Undefined: none is known. */
export type Inspect = (what: string, waitedSeconds: number, isLast: boolean) => Promise<KbootError | undefined>;

/** Looks in several ways, one after the other, until one finds something. */
export function firstOf(...ways: readonly Inspect[]): Inspect {
  return async (what, waitedSeconds, isLast) => {
    for (const way of ways) {
      const reason = await way(what, waitedSeconds, isLast);
      if (reason !== undefined) return reason;
    }
    return undefined;
  };
}

const inspectEveryMs = 4000;

export interface WaitOptions {
  /** What is waited for, for the error: `the API server on cp1 to answer /readyz`. */
  readonly what: string;
  readonly timeoutSeconds: number;
  readonly intervalMs?: number;
  readonly signal: AbortSignal;
  readonly hint: string;
  /** Asked every few seconds, so that what no waiting heals is told at once. */
  readonly inspect?: Inspect | undefined;
}

/** Asks until the answer is not undefined. Throws KbootError `timeout`, `cancelled` or what `inspect` found; an error of `ask` that is transient is asked again. */
export async function waitFor<T>(options: WaitOptions, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + options.timeoutSeconds * 1000;
  const began = Date.now();
  let inspected = began;
  let last: unknown;
  const inspect = (isLast: boolean) => options.inspect?.(options.what, Math.floor((Date.now() - began) / 1000), isLast);
  for (;;) {
    options.signal.throwIfAborted();
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      if (!isTransient(error)) throw error;
      last = error;
    }
    if (Date.now() - inspected > inspectEveryMs) {
      const reason = await inspect(false);
      if (reason !== undefined) throw reason;
      inspected = Date.now();
    }
    if (Date.now() > deadline) {
      const reason = await inspect(true);
      if (reason !== undefined) throw reason;
      throw new KbootError("timeout", `waited ${options.timeoutSeconds} s in vain for ${options.what}`, {
        hint: options.hint,
        cause: last,
      });
    }
    await sleep(options.intervalMs ?? 250, undefined, { signal: options.signal });
  }
}
