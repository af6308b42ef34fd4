import test from "ava";
import { inventory, problemsOf, refusesAsText } from "./refuses.ts";

test(
  "refuses anchors and aliases",
  refusesAsText,
  `
  ssh: &ssh { user: vagrant }
  hosts:
    - { name: cp1, address: 192.168.56.11, role: control-plane, ssh: *ssh }`,
  ["6:13 anchors and aliases are not supported; write the value out", "8:70 anchors and aliases are not supported; write the value out"],
);

test(
  "refuses a key that is there twice, and goes on",
  refusesAsText,
  `
  certSANs: []
  certSANs: [https://x]`,
  [
    '6:13 certSANs[0]: "https://x" is neither an IP address nor a DNS name in lower case, such as api.example.com or *.example.com',
    "7:3 the key certSANs is there twice; keep one",
  ],
);

test(
  "refuses text that is not YAML, and stops there",
  refusesAsText,
  `
  certSANs: [a`,
  ["7:3 this is not YAML: flow sequence in block collection must be sufficiently indented and end with a ]"],
);

test(
  "refuses a tag",
  refusesAsText,
  `
  certSANs: !names [a]`,
  ["6:13 this is not YAML: unresolved tag: !names"],
);

test("refuses a second document", (t) => {
  t.deepEqual(problemsOf(`${inventory()}\n---\na: 1\n`), ["8:1 a second document begins here; an inventory is one document"]);
});

test("says what a file without content lacks", (t) => {
  t.deepEqual(problemsOf("# nothing\n"), ["1:1 the file is empty; an inventory begins with apiVersion: kboot.dev/v1alpha1"]);
});

test("places a missing field at the nearest thing around it", (t) => {
  t.deepEqual(problemsOf("apiVersion: kboot.dev/v1alpha1\nkind: Cluster\nspec:\n  certSANs: []\n"), [
    "1:1 metadata: is missing; write metadata: { name: ... }",
    "4:3 kubernetesVersion: is missing; write a version such as 1.36.3",
    "4:3 hosts: is missing; name at least one host",
  ]);
});

test("finds places in text with Windows line ends", (t) => {
  t.deepEqual(problemsOf(inventory("  certSANs: [-]").replaceAll("\n", "\r\n")), problemsOf(inventory("  certSANs: [-]")));
});
