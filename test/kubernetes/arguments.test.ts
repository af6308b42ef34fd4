import test from "ava";
import { commandArguments, extraValue, mergeArguments } from "../../src/kubernetes/arguments.ts";

test("extra arguments replace defaults of their name and follow the rest in the user's order", (t) => {
  const extra = [
    { name: "v", value: "2" },
    { name: "b", value: "x=1" },
    { name: "b", value: "y=2" },
  ];
  t.deepEqual(commandArguments({ c: "3", b: "default", a: "1" }, extra), ["--a=1", "--c=3", "--v=2", "--b=x=1", "--b=y=2"]);
});

test("the last value of a repeated name counts", (t) => {
  const extra = [
    { name: "a", value: "1" },
    { name: "a", value: "2" },
  ];
  t.is(extraValue(extra, "a"), "2");
  t.is(extraValue(extra, "b"), undefined);
});

test("a host's arguments replace the cluster's of the same name", (t) => {
  const cluster = [
    { name: "v", value: "1" },
    { name: "node-ip", value: "10.0.0.1" },
  ];
  t.deepEqual(mergeArguments(cluster, [{ name: "v", value: "4" }]), [
    { name: "node-ip", value: "10.0.0.1" },
    { name: "v", value: "4" },
  ]);
});
