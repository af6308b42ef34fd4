import test from "ava";
import { describeDifference } from "../../src/ui/describe-difference.ts";

test("a difference is one line, whatever differs", (t) => {
  const cases = [
    [{ what: "mode", from: "0600", to: "0644" }, "mode 0600 -> 0644"],
    [{ what: "address", to: "10.0.0.1" }, "address absent -> 10.0.0.1"],
    [{ what: "SAN", from: "lacks 10.0.0.9" }, "SAN lacks 10.0.0.9"],
    [{ what: "owner" }, "owner"],
    [{ what: "content", from: "one\ntwo\nthree\n", to: "one\nfour\nfive\nsix\n" }, "content +3 -2 lines"],
    [{ what: "content", from: "[secret]", to: "[secret]" }, "content [secret] -> [secret]"],
    [{ what: "file", to: "one\ntwo\n" }, "file absent"],
    [{ what: "spec.list", from: "x".repeat(200), to: "y" }, `spec.list ${"x".repeat(77)}... -> y`],
  ] as const;
  for (const [difference, expected] of cases) t.is(describeDifference(difference), expected);
});
