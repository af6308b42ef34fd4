import test from "ava";
import { describeText, normaliser } from "../cluster/support/compare/describe-text.ts";
import { findDifferences } from "../cluster/support/compare/differences.ts";
import { judge, readReasons } from "../cluster/support/compare/reasons.ts";
import { makeCertificates } from "./certificates.ts";

const normalise = normaliser({ cp1: "NODE", "10.0.0.1": "ADDRESS" });
const look = (texts: Readonly<Record<string, string>>) =>
  new Map(Object.entries(texts).map(([place, text]) => [place, describeText(text, normalise)]));

test("what differs is found field by field, and what says the same in another form as text", (t) => {
  const theirs = look({
    "a.yaml": "a: 0s\nlist:\n- name: x\n  value: 1\n- --v=2\n",
    "b.yaml": "a: 1\nb: 2\n",
    "c.env": "A=1 cp1 10.0.0.1\n",
    "d.env": "x",
  });
  const ours = look({
    "a.yaml": "list:\n- --v=3\n- name: x\n  value: 2\n",
    "b.yaml": "b: 2\na: 1\n",
    "c.env": "A=1 NODE ADDRESS\n",
    "e.env": "x",
  });
  t.deepEqual(findDifferences(theirs, ours), [
    { place: "a.yaml: a", kubeadm: "0s", kboot: "none" },
    { place: "a.yaml: list[x].value", kubeadm: "1", kboot: "2" },
    { place: "a.yaml: list[--v]", kubeadm: "2", kboot: "3" },
    { place: "b.yaml: text", kubeadm: "its own", kboot: "its own" },
    { place: "d.env", kubeadm: "there", kboot: "none" },
    { place: "e.env", kubeadm: "none", kboot: "there" },
  ]);
});

test("certificates and keys are told by what they say, wherever they stand, and no key is told", async (t) => {
  const { ca, server, client } = await makeCertificates();
  const kubeconfig = (pem: string) => `users:\n- name: cp1\n  client-certificate-data: ${Buffer.from(pem).toString("base64")}\n`;
  const [one, other] = [look({ f: kubeconfig(server.certificate) }), look({ f: kubeconfig(client.certificate) })];
  t.deepEqual(
    findDifferences(one, other).map(({ place, kubeadm, kboot }) => `${place}: ${kubeadm} | ${kboot}`),
    [
      "f: users[NODE].client-certificate-data certificate subject: CN=server | O=system:masters, CN=client",
      "f: users[NODE].client-certificate-data certificate for DNS:kubernetes: yes | none",
      "f: users[NODE].client-certificate-data certificate for IP Address:127.0.0.1: yes | none",
      "f: users[NODE].client-certificate-data certificate extended key usage: none | TLS Web Client Authentication",
    ],
  );
  t.like(Object.fromEntries(look({ f: ca.certificate }).get("f")?.fields ?? []), {
    "certificate is a CA": "true",
    "certificate basic constraints": "critical CA:TRUE",
    "certificate validity": "48 h",
    "certificate key": "public ec prime256v1",
  });
  const key = look({ f: ca.key.reveal() }).get("f");
  t.deepEqual([key?.text, [...(key?.fields ?? [])]], ["PEM\n", [["private key", "private ec prime256v1"]]]);
});

test("a difference without a row is told, and so is a row that explains nothing", (t) => {
  const page = `# Page
## One
| where | kubeadm | kboot | why |
| - | - | - | - |
| \`a: *\`, \`b\` | \`none\` | | because |
## Two
`;
  const reasons = readReasons(page, "One");
  t.deepEqual(judge([{ place: "a: x", kubeadm: "none", kboot: "1" }], reasons), { unexplained: [], idle: ["b"] });
  t.deepEqual(judge([{ place: "a: x", kubeadm: "2", kboot: "1" }], reasons), { unexplained: ["a: x: 2 | 1"], idle: ["a: *", "b"] });
  t.throws(() => readReasons(page, "Two"), { message: 'there is no table below "Two"' });
  t.throws(() => readReasons(page.replace("because", ""), "One"), { message: /no reason/ });
});
