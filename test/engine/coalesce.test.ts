import test from "ava";
import { coalesce } from "../../src/engine/coalesce.ts";

test("one call serves all who asked before it began, and no one who asked after", async (t) => {
  const calls: ((value: number) => void)[] = [];
  const ask = coalesce(() => new Promise<number>((resolve) => calls.push(resolve)));
  const first = ask();
  await Promise.resolve();
  t.is(calls.length, 1);
  const second = ask();
  const third = ask();
  calls[0]?.(1);
  t.is(await first, 1);
  await Promise.resolve();
  t.is(calls.length, 2);
  calls[1]?.(2);
  t.deepEqual(await Promise.all([second, third]), [2, 2]);
  t.is(calls.length, 2);
});

test("a call that fails is told to those who shared it, and the next one is made all the same", async (t) => {
  let count = 0;
  const ask = coalesce(async () => {
    count += 1;
    if (count === 1) throw new Error("broken");
    return count;
  });
  const answers = await Promise.allSettled([ask(), ask()]);
  t.deepEqual(
    answers.map((answer) => answer.status),
    ["rejected", "rejected"],
  );
  t.is(await ask(), 2);
});
