import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { fingerprint, judgeHostKey, knownKeyTypes, parseKnownHosts } from "../../../src/host/ssh/known-hosts.ts";
import { makeKey } from "../../support/sshd.ts";

const directory = mkdtempSync(join(tmpdir(), "kboot-keys-"));
const [one, two] = ["one", "two"].map((name) =>
  readFileSync(`${makeKey(directory, name)}.pub`, "utf8")
    .split(" ", 2)
    .join(" "),
);
const rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAQQ==";

function raw(key: string | undefined): Buffer {
  return Buffer.from(key?.split(" ")[1] ?? "", "base64");
}

function judge(text: string, address: string, port = 22): string {
  return judgeHostKey(parseKnownHosts(text), address, port, raw(one));
}

/** The file with its names hashed by OpenSSH itself. */
function hashed(text: string): string {
  const file = join(mkdtempSync(join(directory, "hash-")), "known_hosts");
  writeFileSync(file, text);
  execFileSync("ssh-keygen", ["-q", "-H", "-f", file], { stdio: "ignore" });
  return readFileSync(file, "utf8");
}

const judgements: readonly [title: string, verdict: string, text: string, address: string, port?: number][] = [
  ["a plain name", "known", `node ${one} a comment\n`, "node"],
  ["a name in other case", "known", `Node ${one}`, "nODE"],
  ["one of several names", "known", `a,10.0.0.1\t${one}\r\n`, "10.0.0.1"],
  ["an IPv6 address", "known", `fe80::1 ${one}`, "fe80::1"],
  ["another name", "unknown", `node ${one}`, "node2"],
  ["another key", "changed", `node ${two}`, "node"],
  ["a key of another type", "changed", `node ${rsa}`, "node"],
  ["several keys of a host", "known", `node ${rsa}\nnode ${two}\nnode ${one}`, "node"],
  ["a port of its own", "known", `[node]:2222 ${one}`, "node", 2222],
  ["another port", "unknown", `[node]:2222 ${one}`, "node", 22],
  ["a port for which only the name is known", "known", `node ${one}`, "node", 2222],
  ["a port with a key of its own, before the one of the name", "changed", `[node]:2222 ${two}\nnode ${one}`, "node", 2222],
  ["wildcards", "known", `10.0.?.* ${one}`, "10.0.3.17"],
  ["a wildcard that does not reach", "unknown", `10.0.?.1 ${one}`, "10.0.33.1"],
  ["a dot that is only a dot", "unknown", `10.0.0.1 ${one}`, "10x0.0.1"],
  ["a negation", "unknown", `10.0.0.*,!10.0.0.9 ${one}`, "10.0.0.9"],
  ["a negation of another", "known", `!10.0.0.9,10.0.0.* ${one}`, "10.0.0.8"],
  ["a revoked key", "revoked", `node ${one}\n@revoked * ${one}`, "node"],
  ["a revoked key of another host", "known", `node ${one}\n@revoked other ${one}`, "node"],
  ["an authority, which is no key of the host", "unknown", `@cert-authority * ${one}`, "node"],
  ["comments, empty and broken lines", "known", `# node ${two}\n\nnode\n@what node ${two}\nnode ${one}`, "node"],
  ["a hash of an unknown kind", "unknown", `|2|aa|bb ${one}\n|1|aa ${one}`, "node"],
];

for (const [title, verdict, text, address, port] of judgements) {
  test(`${title}: ${verdict}`, (t) => t.is(judge(text, address, port), verdict));
}

test("names that OpenSSH has hashed are recognised", (t) => {
  const text = hashed(`node ${one}\n[node]:2222 ${two}\n`);
  t.true(text.startsWith("|1|"));
  t.is(judge(text, "node"), "known");
  t.is(judge(text, "node", 2222), "changed");
  t.is(judge(text, "other"), "unknown");
});

test("the types of known keys are those that the host can be asked for", (t) => {
  const known = parseKnownHosts(`node ${rsa}\nnode ${one}\nnode ${two}\nother ecdsa-sha2-nistp256 AAAA\n@revoked node ssh-dss AAAA`);
  t.deepEqual(knownKeyTypes(known, "node", 22), ["ssh-rsa", "ssh-ed25519"]);
});

test("the fingerprint is what ssh-keygen prints", (t) => {
  const printed = execFileSync("ssh-keygen", ["-lf", join(directory, "one.pub")]).toString();
  t.is(printed.split(" ")[1] ?? "", fingerprint(raw(one)));
});

test("any text can be parsed", (t) => {
  const line = fc.array(fc.oneof(fc.string(), fc.constantFrom(" ", "|1|", "@revoked", "!", "*", ",", "[", "]:", "\n", "(", "\\")));
  const property = fc.property(line, fc.string(), (words, name) => {
    judgeHostKey(parseKnownHosts(words.join("")), name, 22, Buffer.from("key"));
  });
  t.notThrows(() => fc.assert(property));
});
