import test from "ava";
import { mergeDeep } from "../../src/kubernetes/merge.ts";

test("merges maps, replaces lists and scalars, removes by null", (t) => {
  const base = { a: { x: 1, y: 2 }, list: [1, 2], gone: true, kept: "yes" };
  t.deepEqual(mergeDeep(base, { a: { y: 3, z: { deep: true } }, list: [3], gone: null, b: { only: null, new: 1 } }), {
    a: { x: 1, y: 3, z: { deep: true } },
    list: [3],
    kept: "yes",
    b: { new: 1 },
  });
});

test("changes neither of the two", (t) => {
  const base = { a: { x: 1 } };
  const over = { a: { y: 2 } };
  mergeDeep(base, over);
  t.deepEqual([base, over], [{ a: { x: 1 } }, { a: { y: 2 } }] as unknown[]);
});
