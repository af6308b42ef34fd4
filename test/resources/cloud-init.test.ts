import test from "ava";
import { cloudInitDone, cloudInitKind } from "../../src/resources/cloud-init.ts";
import { bringInOrder, differences } from "../support/kind.ts";
import { shells } from "../support/run-fragment.ts";

for (const shell of shells) {
  test(`${shell.join(" ")}: a machine without cloud-init has nothing to wait for`, async (t) => {
    t.deepEqual(await differences(cloudInitKind, cloudInitDone, { shell }), []);
    t.is((await bringInOrder(cloudInitKind, [cloudInitDone], { shell })).exitCode, 0);
  });
}

test("a stage that runs is a difference, with its name", (t) => {
  const stage = "cloud-final.service python3 (pid 812, running for 34 s)";
  const observed = cloudInitKind.parse(cloudInitDone, { exitCode: 0, stdout: Buffer.from(`${stage}\n`) });
  t.deepEqual(cloudInitKind.compare(cloudInitDone, observed, {} as never), [{ what: "cloud-init", from: stage, to: "ended" }]);
});
