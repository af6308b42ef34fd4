import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { execa } from "execa";
import { symptomsScript } from "../../src/kubernetes/symptoms.ts";
import { temporaryFolder } from "../support/kind.ts";

const fatal = '2026-11-24T19:03:54Z stderr F {"level":"fatal","msg":"discovery failed","error":"walpb: crc mismatch"}';

async function symptoms(seconds: number, age: number): Promise<string> {
  const root = await temporaryFolder();
  const folder = join(root, "var/log/pods/kube-system_etcd-cp1_1/etcd");
  await mkdir(folder, { recursive: true });
  const log = join(folder, "1.log");
  await writeFile(log, `2026-11-24T19:03:54Z stderr F {"level":"info","msg":"all well"}\n${fatal}\n`);
  const then = Date.now() / 1000 - age;
  await utimes(log, then, then);
  return (await execa("sh", ["-c", symptomsScript(seconds, root)])).stdout;
}

test("the last words of a control plane's part that died are told", async (t) => {
  const said = await symptoms(5, 0);
  t.true(said.includes(fatal));
  t.false(said.includes("all well"));
});

test("what was said before the wait began is not", async (t) => {
  t.false((await symptoms(5, 60)).includes(fatal));
});
