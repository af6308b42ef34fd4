import test from "ava";
import { KbootError } from "../../src/errors.ts";
import { minorVersion, supportedMinors } from "../../src/kubernetes/versions.ts";

test("knows 1.34 to 1.37", (t) => {
  t.deepEqual(supportedMinors, ["1.34", "1.35", "1.36", "1.37"]);
  t.is(minorVersion("1.34.0").etcd, "3.6.5-0");
  t.is(minorVersion("1.37.2").coreDns, "v1.14.6");
});

const refused = test.macro((t, version: string) => {
  const error = t.throws(() => minorVersion(version), { instanceOf: KbootError });
  t.is(error?.code, "inventory");
  t.is(error?.where.field, "kubernetesVersion");
  t.is(error?.hint, "choose a version of 1.34, 1.35, 1.36, 1.37");
});

test("refuses a minor that is too old", refused, "1.33.9");
test("refuses a minor that is not known yet", refused, "1.38.0");
test("does not take 1.3 for 1.34", refused, "1.3.4");
