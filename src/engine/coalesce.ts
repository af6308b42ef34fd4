/**
 * Shares one call of `start` among all who ask while none that began after they asked is on its way: many waiters cost no more than one,
 * and none gets an answer that is older than its question.
 */
export function coalesce<T>(start: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | undefined;
  return () => {
    next ??= running.then(() => {
      next = undefined;
      const answer = start();
      running = answer.catch(() => undefined);
      return answer;
    });
    return next;
  };
}
