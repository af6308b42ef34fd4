import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { Vault } from "../../src/engine/vault.ts";
import { file, fileKind } from "../../src/resources/file.ts";
import { Secret } from "../../src/secret.ts";
import { bringInOrder, differences, temporaryFolder } from "../support/kind.ts";
import { shells } from "../support/run-fragment.ts";

for (const shell of shells) {
  const name = shell.join(" ");

  test(`a file is made, is then in order, and a change by hand is exactly what differs (${name})`, async (t) => {
    const folder = await temporaryFolder();
    const path = join(folder, "new", "it's here.conf");
    const wished = file(path, "one\ntwo\n\n", { mode: "0640" });
    t.deepEqual(await differences(fileKind, wished, { shell }), [{ what: "file", to: "one\ntwo\n\n" }]);
    t.is((await bringInOrder(fileKind, [wished], { shell })).exitCode, 0);
    t.deepEqual(await differences(fileKind, wished, { shell }), []);
    t.is(await readFile(path, "utf8"), "one\ntwo\n\n");

    await chmod(path, 0o600);
    t.deepEqual(await differences(fileKind, wished, { shell }), [{ what: "mode", from: "0600", to: "0640" }]);
    const { mtimeNs } = await stat(path, { bigint: true });
    await bringInOrder(fileKind, [wished], { shell });
    t.deepEqual(await differences(fileKind, wished, { shell }), []);
    t.is((await stat(path, { bigint: true })).mtimeNs, mtimeNs, "what read the file is not out of date");
    await chmod(path, 0o600);
    await writeFile(path, "one\n");
    t.deepEqual(
      (await differences(fileKind, wished, { shell })).map(({ what }) => what),
      ["mode", "content"],
    );
    await bringInOrder(fileKind, [wished], { shell });
    t.deepEqual(await differences(fileKind, wished, { shell }), []);
  });

  test(`a file of YAML is compared by meaning (${name})`, async (t) => {
    const path = join(await temporaryFolder(), "config.yaml");
    await writeFile(path, "b: 2\na: 1\nempty: 0s\n", { mode: 0o644 });
    t.deepEqual(await differences(fileKind, file(path, "a: 1\nb: 2\n", { format: "yaml" }), { shell }), []);
    t.is((await differences(fileKind, file(path, "a: 1\nb: 3\n", { format: "yaml" }), { shell })).length, 1);
  });

  test(`a kept file is made once and then left alone (${name})`, async (t) => {
    const path = join(await temporaryFolder(), "kept");
    const wished = file(path, "first", { keep: true });
    await bringInOrder(fileKind, [wished], { shell });
    await writeFile(path, "edited");
    t.deepEqual(await differences(fileKind, wished, { shell }), []);
  });

  test(`content that needs the vault is known once the vault has it, and a secret never shows (${name})`, async (t) => {
    const path = join(await temporaryFolder(), "token");
    const vault = new Vault();
    const wished = file(path, { needs: ["ca"], build: () => new Secret("very secret") }, { mode: "0600" });
    t.deepEqual(await differences(fileKind, wished, { shell, vault }), [{ what: "file", to: "(known at apply)" }]);
    vault.put("ca", { certificate: "x" });
    t.deepEqual(await differences(fileKind, wished, { shell, vault }), [{ what: "file", to: "[secret]" }]);
    await bringInOrder(fileKind, [wished], { shell, vault });
    t.is(await readFile(path, "utf8"), "very secret");
    t.is((await stat(path)).mode & 0o777, 0o600);
    await writeFile(path, "another secret");
    t.deepEqual(await differences(fileKind, wished, { shell, vault }), [{ what: "content", from: "[secret]", to: "[secret]" }]);
  });
}

test("what a file holds that only root could read is not shown, also where others may read it from now on", (t) => {
  const context = { vault: new Vault(), now: new Date(), changing: new Set<string>() };
  const found = (mode: string) => ({ mode, owner: "root:root", content: "password" });
  const shown = (mode: string, wished: string) => fileKind.compare(file("/a", "new", { mode: wished }), found(mode), context).at(-1)?.from;
  t.is(shown("0600", "0644"), "[secret]");
  t.is(shown("0644", "0644"), "password");
  t.is(shown("0600", "0600"), "password");
});
