import { KbootError } from "../../errors.ts";

/** An answer, or in words why there is none. */
export type Answer<T> = { readonly value: T; readonly unknown?: never } | { readonly unknown: string; readonly value?: never };

/**
 * What is asked, but no later than `until` (milliseconds since the epoch). What goes wrong on the way becomes a reason; only the end of the
 * whole run, by `signal`, and bugs are thrown.
 */
export async function answerBy<T>(until: number, signal: AbortSignal, ask: (signal: AbortSignal) => Promise<T>): Promise<Answer<T>> {
  const own = new AbortController();
  const tooLate = new KbootError("timeout", "no answer in time");
  const timer = setTimeout(() => own.abort(tooLate), Math.max(0, until - Date.now()));
  const stop = () => own.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  const { promise: ended, reject } = Promise.withResolvers<never>();
  ended.catch(() => {});
  own.signal.addEventListener("abort", () => reject(own.signal.reason), { once: true });
  try {
    signal.throwIfAborted();
    return { value: await Promise.race([ask(own.signal), ended]) };
  } catch (error) {
    signal.throwIfAborted();
    if (own.signal.aborted) return { unknown: tooLate.message };
    // errors of sockets and streams have a code; one without is a mistake in a program
    if (error instanceof KbootError || (error instanceof Error && "code" in error))
      return { unknown: error.message.split("\n", 1)[0] ?? "" };
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}
