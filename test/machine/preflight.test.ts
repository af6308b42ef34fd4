import test from "ava";
import { checksFrom, ignoredChecks } from "../../src/machine/preflight.ts";

const config = { file: "join.yaml", own: {}, kubeadm: {} };

test("a check that there is not is told where it was named: by the flag, else in the file", (t) => {
  const from = (flag: string | undefined) => checksFrom(flag, config, "JoinConfiguration");
  const run = (flag: string | undefined) => ignoredChecks(["Swop"], { checks: true }, ["swap"], from(flag));
  t.throws(() => run("Swop"), { message: "--ignore-preflight-errors: there is no check Swop" });
  t.throws(() => run(undefined), {
    message: "join.yaml: JoinConfiguration.nodeRegistration.ignorePreflightErrors: there is no check Swop",
  });
  t.deepEqual(ignoredChecks(["Swap", "NumCPU"], { checks: true }, ["swap", "memory"], from("x")), ["swap"]);
});
