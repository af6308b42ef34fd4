import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, relative } from "node:path";
import test from "ava";
import fc from "fast-check";
import { stringify } from "yaml";
import { KbootError } from "../../src/errors.ts";
import { parseInventory } from "../../src/inventory/parse.ts";
import { readInventory } from "../../src/inventory/read.ts";
import { inventory } from "./refuses.ts";

async function withFile<T>(text: string, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "kboot-inventory-"));
  try {
    const file = join(folder, "lab.yaml");
    await writeFile(file, text);
    return await use(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("reads a file into a cluster that knows where it came from", async (t) => {
  await withFile(inventory(), async (file) => {
    const cluster = await readInventory(relative(process.cwd(), file));
    t.is(cluster.file, file);
    t.is(cluster.hosts[0]?.ssh.knownHostsFile, join(homedir(), ".ssh/known_hosts"));
  });
});

test("throws one error with a line for each problem, in the file's order", async (t) => {
  await withFile(inventory("  certSANs: [_]\n  hosts: [{ name: cp1, address: a, role: x }]"), async (file) => {
    const error = await t.throwsAsync(readInventory(file), { instanceOf: KbootError });
    t.is(error?.code, "inventory");
    t.is(error?.hint, "docs/inventory.md describes every field");
    t.deepEqual(error?.message.split("\n"), [
      `${file}:6:14 certSANs[0]: "_" is neither an IP address nor a DNS name in lower case, such as api.example.com or *.example.com`,
      `${file}:7:42 hosts[0].role: must be control-plane or worker, not x`,
    ]);
  });
});

const withPassword = (password: string | Buffer) =>
  withFile(inventory("  network: { passwordFile: ./password }"), async (file) => {
    await writeFile(join(file, "../password"), password);
    return {
      file,
      ...(await readInventory(file).then(
        (cluster) => ({ cluster }),
        (error: KbootError) => ({ error }),
      )),
    };
  });

test("reads Weave Net's password from a file beside the inventory, and shows it to nobody", async (t) => {
  const { cluster } = { cluster: undefined, ...(await withPassword("open sesame")) };
  const password = cluster?.network.plugin === "weave-net" ? cluster.network.password : undefined;
  t.is(password?.reveal(), "open sesame");
  t.false(JSON.stringify(cluster).includes("sesame"));
});

test("refuses a password that is not text, which would come out as another", async (t) => {
  const { error } = { error: undefined, ...(await withPassword(Buffer.from([0xff, 0x41]))) };
  t.regex(error?.message ?? "", /network\.passwordFile: \S+ is not text in UTF-8, which a password has to be$/);
});

const badPasswords: readonly (readonly [password: string, message: string])[] = [
  ["open sesame\n", "holds a newline or another control character; write it with: printf %s PASSWORD"],
  ["open\nsesame", "holds a newline or another control character; write it with: printf %s PASSWORD"],
  ["", "is empty; write a password into it"],
];

for (const [password, message] of badPasswords) {
  test(`refuses the password ${JSON.stringify(password)} without telling it`, async (t) => {
    const { file, error } = { error: undefined, ...(await withPassword(password)) };
    t.is(error?.code, "inventory");
    const subject = password === "" ? "" : "the password in ";
    t.is(error?.message, `${file}:6:28 network.passwordFile: ${subject}${join(file, "../password")} ${message}`);
  });
}

test("names a password's file that cannot be read", async (t) => {
  await withFile(inventory("  network: { passwordFile: /nowhere/password }"), async (file) => {
    const error = await t.throwsAsync(readInventory(file), { instanceOf: KbootError });
    t.regex(error?.message ?? "", /lab\.yaml:6:28 network\.passwordFile: cannot be read: ENOENT/);
  });
});

test("names a file that cannot be read", async (t) => {
  const error = await t.throwsAsync(readInventory("/nowhere/lab.yaml"), { instanceOf: KbootError });
  t.is(error?.code, "inventory");
  t.deepEqual(error?.where, { file: "/nowhere/lab.yaml" });
  t.regex(error?.message ?? "", /^cannot read the inventory: ENOENT/);
  t.truthy(error?.cause);
  t.truthy(error?.hint);
});

test("whatever stands in a file, it gives a cluster or problems with places inside the text", (t) => {
  const origin = { file: "lab.yaml", home: "/home/me" };
  const host = fc.record({
    name: fc.jsonValue(),
    address: fc.jsonValue(),
    role: fc.jsonValue(),
    labels: fc.jsonValue(),
    taints: fc.jsonValue(),
  });
  const spec = fc.record({
    networking: fc.jsonValue(),
    extraArgs: fc.jsonValue(),
    kubelet: fc.jsonValue(),
    sources: fc.jsonValue(),
    hosts: fc.oneof(fc.jsonValue(), fc.array(host)),
  });
  fc.assert(
    fc.property(fc.oneof(fc.record({ spec }), fc.jsonValue()), (value) => {
      const text = stringify(value);
      const { problems } = parseInventory(text, origin);
      const lines = text.split("\n");
      return problems?.every(({ line, column }) => column >= 1 && column <= (lines[line - 1]?.length ?? -1) + 1) === true;
    }),
  );
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => (parseInventory(text, origin).problems?.length ?? 0) > 0));
  t.pass();
});

const policyText = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: Metadata }]\n";

const withPolicy = (policy: string | undefined) =>
  withFile(inventory("  audit: { policyFile: ./policy.yaml }"), async (file) => {
    if (policy !== undefined) await writeFile(join(file, "../policy.yaml"), policy);
    return readInventory(file).then(
      ({ audit }) => audit?.policy,
      (error: KbootError) => error.message.replaceAll(join(file, ".."), ""),
    );
  });

test("reads the audit policy from a file beside the inventory", async (t) => {
  t.is(await withPolicy(policyText), policyText);
});

test("refuses an audit policy that an API server would not start with", async (t) => {
  const where = "/lab.yaml:6:24 audit.policyFile:";
  const wrong = `${where} /policy.yaml is not an audit policy: apiVersion audit.k8s.io/v1, kind Policy, and a list of rules`;
  for (const text of [
    "",
    "kind: Policy\n",
    policyText.replace("[{ level: Metadata }]", "[]"),
    policyText.replace("/v1", "/v1beta1"),
    "[]",
  ]) {
    t.is(await withPolicy(text), wrong, text);
  }
  t.regex((await withPolicy("a: [")) ?? "", /audit\.policyFile: \/policy\.yaml is not YAML: /);
  t.regex((await withPolicy(undefined)) ?? "", /audit\.policyFile: cannot be read: ENOENT/);
});
