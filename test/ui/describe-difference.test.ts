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
    [
      { what: "subjects", from: `[${"a".repeat(100)},{"kind":"User","name":"eve"}]`, to: `[${"a".repeat(100)}]` },
      `subjects ...${"a".repeat(20)},{"kind":"User","name":"eve"}] -> ...${"a".repeat(20)}]`,
    ],
    [
      { what: "x", from: `${"a".repeat(100)}b${"c".repeat(100)}`, to: `${"a".repeat(100)}d${"c".repeat(100)}` },
      `x ...${"a".repeat(20)}b${"c".repeat(53)}... -> ...${"a".repeat(20)}d${"c".repeat(53)}...`,
    ],
    [{ what: "x", from: `ab${"c".repeat(100)}`, to: "ad" }, `x ab${"c".repeat(75)}... -> ad`],
    [{ what: "spec.list", from: "x".repeat(200), to: "y" }, `spec.list ${"x".repeat(77)}... -> y`],
  ] as const;
  for (const [difference, expected] of cases) t.is(describeDifference(difference), expected);
});
