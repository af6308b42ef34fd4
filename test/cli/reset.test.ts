import test from "ava";
import { chooseHosts } from "../../src/cli/reset.ts";
import { KbootError } from "../../src/errors.ts";
import { smallCluster } from "../support/small-cluster.ts";

const cluster = smallCluster(
  "{ name: cp1, role: control-plane, address: 192.0.2.1 }",
  "{ name: w1, role: worker, address: 192.0.2.2 }",
  "{ name: w2, role: worker, address: 192.0.2.3 }",
);

test("a reset is about every host, or those it is limited to", (t) => {
  t.deepEqual(chooseHosts(cluster, undefined), ["cp1", "w1", "w2"]);
  t.deepEqual(chooseHosts(cluster, ["w2"]), ["w2"]);
  t.deepEqual(chooseHosts(cluster, ["w2", "cp1", "w1"]), ["cp1", "w1", "w2"]);
});

test("hosts that there are not, and control planes without which the rest is no cluster, are refused with what to do", (t) => {
  const unknown = t.throws(() => chooseHosts(cluster, ["w3"]), { instanceOf: KbootError, code: "usage" });
  t.regex((unknown as KbootError).hint ?? "", /hosts are cp1, w1, w2/);
  const headless = t.throws(() => chooseHosts(cluster, ["cp1", "w1"]), { instanceOf: KbootError, code: "usage" });
  t.regex((headless as KbootError).message, /^without cp1/);
  t.regex((headless as KbootError).hint ?? "", /leave out --limit/);
});
