import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { findLeaks } from "../cluster/support/record.ts";
import { temporaryFolder } from "./kind.ts";

test("the search at the end of cluster tests finds a key's line, a secret in base64 and as it is, and a token", async (t) => {
  const folder = await temporaryFolder();
  const line = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
  const password = Buffer.from("correct horse battery").toString("base64");
  await writeFile(join(folder, "secrets"), `${line}\n${password}\nc2hvcnQ=\n`);
  await writeFile(join(folder, "a.out"), `x ${line} y`);
  await writeFile(join(folder, "b.out"), `"${password}"`);
  await writeFile(join(folder, "c.out"), "password is correct horse battery");
  await writeFile(join(folder, "d.out"), "token abcdef.0123456789abcdef");
  await writeFile(join(folder, "fine.out"), "short; nothing here");
  t.deepEqual((await findLeaks(folder)).toSorted(), ["a.out", "b.out", "c.out", "d.out"]);
});
