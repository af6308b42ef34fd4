import test from "ava";
import { readFrom } from "../../src/cli/reach-cluster.ts";
import { KbootError } from "../../src/errors.ts";
import { openTestHost } from "../support/fake-host.ts";

const { signal } = new AbortController();

test("what a script prints is returned", async (t) => {
  const host = await openTestHost({ mode: "read" });
  t.is(await readFrom(host, "say", "printf 'grüß\\n'", signal), "grüß\n");
  await host.close();
});

test("a script that fails is told with its host, stderr and a hint", async (t) => {
  const host = await openTestHost({ mode: "read", name: "cp1" });
  const error = await t.throwsAsync(readFrom(host, "read admin.conf", "echo no such file >&2; exit 3", signal), { instanceOf: KbootError });
  t.like(error, {
    code: "script",
    message: "cannot read admin.conf: exit code 3\n  no such file",
    where: { host: "cp1" },
    script: { label: "read admin.conf", exitCode: 3, stderr: "no such file\n" },
  });
  t.truthy(error?.hint);
  await host.close();
});
