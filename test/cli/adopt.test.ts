import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { adopt, recover } from "../../src/cli/adopt.ts";
import { KbootError } from "../../src/errors.ts";

const { signal } = new AbortController();

const refused = test.macro(async (t, options: Readonly<Record<string, string>>, message: RegExp) => {
  const error = await t.throwsAsync(adopt({ host: "192.0.2.1", output: "/nonexistent/kboot.yaml", ...options }, signal), {
    instanceOf: KbootError,
  });
  t.is(error?.code, "usage");
  t.regex(error?.message ?? "", message);
});

test("refuses a port that is none, before connecting", refused, { port: "22a" }, /^--port: 22a is no port$/);
test("refuses an address that SSH cannot connect to", refused, { host: "fd00::1" }, /^--host: fd00::1 is IPv6/);
test("refuses a name that no cluster can have", refused, { name: "My Cluster" }, /^--name: "My Cluster" is not a valid name/);

test("an inventory that is there is kept, and nobody is asked", async (t) => {
  const output = join(await mkdtemp(join(tmpdir(), "kboot-adopt-")), "kboot.yaml");
  await writeFile(output, "mine\n");
  for (const command of [adopt, recover]) {
    const error = await t.throwsAsync(command({ host: "192.0.2.1", output }, signal), { instanceOf: KbootError });
    t.is(error?.code, "usage");
    t.regex(error?.message ?? "", /is there already$/);
  }
});
