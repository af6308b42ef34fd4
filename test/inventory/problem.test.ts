import test from "ava";
import { formatPath, parsePath } from "../../src/inventory/problem.ts";

test("a path that was written is read again", (t) => {
  for (const path of [
    ["hosts", 0, "kubelet", "a.b/c", "maxPods"],
    ["extraArgs", "apiServer", 'v"]'],
    ["certSANs", 12],
  ]) {
    t.deepEqual(parsePath(formatPath(path)), path);
  }
  t.deepEqual(parsePath(""), []);
});
