import { setTimeout as sleep } from "node:timers/promises";
import { isTransient, KbootError } from "../errors.ts";

export interface WaitOptions {
  /** What is waited for, for the error: `the API server on cp1 to answer /readyz`. */
  readonly what: string;
  readonly timeoutSeconds: number;
  readonly intervalMs?: number;
  readonly signal: AbortSignal;
  readonly hint: string;
}

/** Asks until the answer is not undefined. Throws KbootError `timeout` or `cancelled`; an error of `ask` that is transient is asked again. */
export async function waitFor<T>(options: WaitOptions, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + options.timeoutSeconds * 1000;
  let last: unknown;
  for (;;) {
    options.signal.throwIfAborted();
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      if (!isTransient(error)) throw error;
      last = error;
    }
    if (Date.now() > deadline) {
      throw new KbootError("timeout", `waited ${options.timeoutSeconds} s in vain for ${options.what}`, {
        hint: options.hint,
        cause: last,
      });
    }
    await sleep(options.intervalMs ?? 250, undefined, { signal: options.signal });
  }
}
