import { homedir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { chooseFile } from "../../src/cli/kubeconfig.ts";
import { KbootError } from "../../src/errors.ts";

const usual = join(homedir(), ".kube", "config");

test("the file that is named counts, then the one of KUBECONFIG, then the usual one", (t) => {
  t.is(chooseFile("mine", { KUBECONFIG: "other" }), "mine");
  t.is(chooseFile(undefined, { KUBECONFIG: "other" }), "other");
  t.is(chooseFile(undefined, { KUBECONFIG: ":other:" }), "other");
  t.is(chooseFile(undefined, { KUBECONFIG: "" }), usual);
  t.is(chooseFile(undefined, {}), usual);
});

test("where KUBECONFIG names several files, one must be named", (t) => {
  const error = t.throws(() => chooseFile(undefined, { KUBECONFIG: "a:b" }), { instanceOf: KbootError });
  t.like(error, { code: "usage", hint: "say into which to merge: --kubeconfig-file PATH" });
});
