import pRetry from "p-retry";
import { isTransient } from "./errors.ts";

export interface RetryOptions {
  /** How often it is tried again at most. */
  readonly retries: number;
  /** Before the first retry; each later one waits twice as long, up to `most`. */
  readonly firstMs: number;
  readonly mostMs: number;
  readonly signal: AbortSignal;
}

/** Tries again, a little later each time, while the error is transient. Throws the last one. */
export function retry<T>(attempt: () => Promise<T>, { retries, firstMs, mostMs, signal }: RetryOptions): Promise<T> {
  return pRetry(attempt, {
    retries,
    minTimeout: firstMs,
    maxTimeout: mostMs,
    signal,
    shouldRetry: ({ error }) => isTransient(error),
  });
}
