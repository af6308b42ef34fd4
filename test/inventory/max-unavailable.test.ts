import test from "ava";
import { countUnavailable, judgePercent } from "../../src/inventory/max-unavailable.ts";

test("a part of the workers is rounded down, and one may always be interrupted", (t) => {
  t.is(countUnavailable("10%", 40), 4);
  t.is(countUnavailable("10%", 49), 4);
  t.is(countUnavailable("10%", 3), 1);
  t.is(countUnavailable("100%", 7), 7);
  t.is(countUnavailable(2, 40), 2);
});

test("a part is a percentage from 1 to 100", (t) => {
  for (const right of ["1%", "10%", "100%"]) t.is(judgePercent(right), undefined, right);
  for (const wrong of ["0%", "101%", "10", "ten", "1.5%", "-1%", ""])
    t.regex(judgePercent(wrong) ?? "", /neither a number nor a part/, wrong);
});
