import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { generateBootstrapToken } from "../../src/kubernetes/bootstrap-token.ts";
import { joinCommand } from "../../src/kubernetes/join-command.ts";
import { publicKeyPin } from "../../src/pki/read.ts";
import { makeCertificates } from "../support/certificates.ts";
import { temporaryFolder } from "../support/kind.ts";

const shells = ["bash", "dash", "busybox sh", "fish --no-config"];

/** What kubeadm is called with by a shell that is given this line; a stand-in takes its place. */
async function calledBy(shell: string, line: string): Promise<readonly string[]> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "kubeadm"), `#!/bin/sh\nprintf '%s\\n' "$@"\n`, { mode: 0o755 });
  const [program = "", ...words] = shell.split(" ");
  const env = { PATH: `${folder}:${process.env["PATH"]}`, HOME: folder };
  return execFileSync(program, [...words, "-c", line], { env, encoding: "utf8" })
    .trimEnd()
    .split("\n");
}

test("every certificate of the CA is pinned, and shells hand the words on as they are", async (t) => {
  const [one, other] = [(await makeCertificates()).ca.certificate, (await makeCertificates()).ca.certificate];
  const token = generateBootstrapToken();
  const line = joinCommand("kubeadm", token, { endpoint: "192.0.2.1:6443", caCert: `${one}${other}` }).reveal();
  const words = ["join", "192.0.2.1:6443", "--token", `${token.id}.${token.secret.reveal()}`];
  for (const pem of [one, other]) words.push("--discovery-token-ca-cert-hash", publicKeyPin(pem));
  t.is(line, ["kubeadm", ...words].join(" "));
  for (const shell of shells) t.deepEqual(await calledBy(shell, line), words, shell);
});

test("where kboot alone knows the endpoint's name, kubeadm is told it, and kboot is given an address", async (t) => {
  const caCert = (await makeCertificates()).ca.certificate;
  const token = generateBootstrapToken();
  const target = { endpoint: "api.lab.internal:6443", caCert, hostsEntry: { name: "api.lab.internal", address: "192.0.2.1" } };
  const rest = `--token ${token.id}.${token.secret.reveal()} --discovery-token-ca-cert-hash ${publicKeyPin(caCert)}`;
  t.is(joinCommand("kboot", token, target).reveal(), `kboot join 192.0.2.1:6443 ${rest}`);
  t.is(
    joinCommand("kubeadm", token, target).reveal(),
    `grep -qwF 'api.lab.internal' /etc/hosts || echo '192.0.2.1 api.lab.internal' >> /etc/hosts; kubeadm join api.lab.internal:6443 ${rest}`,
  );
  const hosts = join(await temporaryFolder(), "hosts");
  await writeFile(hosts, "127.0.0.1 localhost\n");
  const line = joinCommand("kubeadm", token, target).reveal().replaceAll("/etc/hosts", hosts);
  for (const shell of shells) t.deepEqual(await calledBy(shell, line), ["join", "api.lab.internal:6443", ...rest.split(" ")], shell);
  t.is(await readFile(hosts, "utf8"), "127.0.0.1 localhost\n192.0.2.1 api.lab.internal\n");
  const six = { ...target, hostsEntry: { name: "api.lab.internal", address: "2001:db8::1" } };
  t.is(joinCommand("kboot", token, six).reveal(), `kboot join [2001:db8::1]:6443 ${rest}`);
  t.is(joinCommand("kboot", token, { endpoint: "lb.example.com:443", caCert }).reveal(), `kboot join lb.example.com:443 ${rest}`);
});
