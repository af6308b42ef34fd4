import test from "ava";
import { parse } from "yaml";
import { KbootError } from "../../src/errors.ts";
import { readKubeconfig } from "../../src/pki/kubeconfig.ts";
import { type KubeconfigEntry, mergeKubeconfig } from "../../src/pki/merge-kubeconfig.ts";
import { Secret } from "../../src/secret.ts";

const entry: KubeconfigEntry = {
  name: "lab",
  server: "https://192.0.2.11:6443",
  caCert: "the CA",
  certificatePem: "the certificate",
  key: new Secret("the key"),
};

function merge(text: string, use = false, given = entry) {
  const { text: merged, currentContext } = mergeKubeconfig(new Secret(text), given, use);
  return { text: merged.reveal(), currentContext };
}

/** As kubectl writes it, with comments and blanks of a person. */
const own = `# mine
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${"QUJD".repeat(60)}
    server: https://other:6443
  name: other # at work

# the old one
- cluster:
    insecure-skip-tls-verify: true
    server: https://old:6443
  name: lab
contexts:
- context:
    cluster: other
    namespace: "quoted"
    user: me@other
  name: other
current-context: other
kind: Config
preferences: {}
users:
- name: me@other
  user:
    exec:
      args: [get-token, '--cluster']
      command: aws
`;

test("all else stays byte for byte, comments too; an older entry is replaced in its place", (t) => {
  const { text, currentContext } = merge(own);
  t.is(currentContext, "other");
  const expected = own
    .replace(
      "    insecure-skip-tls-verify: true\n    server: https://old:6443\n",
      `    certificate-authority-data: ${Buffer.from("the CA").toString("base64")}\n    server: https://192.0.2.11:6443\n`,
    )
    .replace("current-context:", "- context:\n    cluster: lab\n    user: lab-admin\n  name: lab\ncurrent-context:");
  const added = `- name: lab-admin
  user:
    client-certificate-data: ${Buffer.from("the certificate").toString("base64")}
    client-key-data: ${Buffer.from("the key").toString("base64")}
`;
  t.is(text, expected + added);
});

test("merging again changes nothing, and a new credential takes the place of the old one", (t) => {
  const once = merge(own).text;
  t.is(merge(once).text, once);
  const renewed = merge(once, false, { ...entry, key: new Secret("another key") }).text;
  t.deepEqual(differingLines(once, renewed), [`    client-key-data: ${Buffer.from("another key").toString("base64")}`]);
});

function differingLines(one: string, other: string): readonly string[] {
  const known = new Set(one.split("\n"));
  return other.split("\n").filter((line) => !known.has(line));
}

test("it becomes the current context with --use, or when there was none", (t) => {
  t.is(merge(own, true).currentContext, "lab");
  t.regex(merge(own, true).text, /^current-context: lab$/m);
  for (const none of ["", '"" # none']) {
    const { text, currentContext } = merge(own.replace("current-context: other", `current-context: ${none}`));
    t.is(currentContext, "lab");
    t.is((parse(text) as Record<string, unknown>)["current-context"], "lab");
  }
});

for (const [what, text] of [
  ["a file that is not there", ""],
  ["a file with comments alone", "# nothing yet\n"],
  [
    "a file that kubectl has emptied",
    'apiVersion: v1\nclusters: []\ncontexts: null\ncurrent-context: ""\nkind: Config\npreferences: {}\nusers: []\n',
  ],
  ["JSON", '{"apiVersion": "v1", "kind": "Config", "clusters": []}'],
] as const) {
  test(`${what} gets the entry and its context`, (t) => {
    const merged = merge(text);
    const found = readKubeconfig(new Secret(merged.text));
    t.like(found, { server: entry.server, caCert: "the CA", certificatePem: "the certificate" });
    t.is(found?.key?.reveal(), "the key");
    t.is(merged.currentContext, "lab");
    t.true(merged.text.startsWith(text.startsWith("#") ? text : ""));
  });
}

test("lists that a person has indented stay so", (t) => {
  const text = "apiVersion: v1\nkind: Config\nclusters:\n  - name: a\n    cluster: { server: x }\n";
  t.true(merge(text).text.startsWith(text));
});

const refuses = test.macro({
  title: (_, text: string) => `refuses ${JSON.stringify(text)}`,
  exec(t, text: string, message: RegExp) {
    const error = t.throws(() => merge(text), { instanceOf: KbootError });
    t.is(error?.code, "usage");
    t.regex(error?.message ?? "", message);
    t.truthy(error?.hint);
  },
});
test(refuses, "hello", /it holds no map/);
test(refuses, "- a\n", /it holds no map/);
test(refuses, "a: [", /it is not YAML/);
test(refuses, "apiVersion: v1\nkind: Pod\n", /apiVersion v1 and kind Pod, not v1 and Config/);
test(refuses, "host: example.com\n", /apiVersion \(none\) and kind \(none\)/);
test(refuses, "apiVersion: v1\nkind: Config\nclusters: { a: b }\n", /its clusters are no list/);
test(refuses, "apiVersion: v1\nkind: Config\nusers: [a]\n", /its users are no list/);
test(refuses, "apiVersion: v1\nkind: Config\n---\napiVersion: v1\n", /it is not YAML/);
