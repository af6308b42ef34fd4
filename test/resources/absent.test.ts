import { existsSync } from "node:fs";
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { absent, absentKind } from "../../src/resources/absent.ts";
import { bringInOrder, differences, temporaryFolder } from "../support/kind.ts";
import { shells } from "../support/run-fragment.ts";

for (const shell of shells) {
  test(`${shell.join(" ")}: files and links that shall not be there are removed, and nothing else`, async (t) => {
    const folder = await temporaryFolder();
    const [file, link, other] = ["a b", "link", "other"].map((name) => join(folder, name)) as [string, string, string];
    for (const path of [file, other]) await writeFile(path, "");
    await symlink("/no/such", link);
    t.deepEqual(await differences(absentKind, absent(file), { shell }), [{ what: "file", from: "there", to: "absent" }]);
    t.is((await differences(absentKind, absent(link), { shell })).length, 1);
    t.is((await bringInOrder(absentKind, [absent(file), absent(link)], { shell })).exitCode, 0);
    for (const path of [file, link]) t.deepEqual(await differences(absentKind, absent(path), { shell }), []);
    t.true(existsSync(other));
  });
}
