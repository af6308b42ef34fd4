import { execFileSync } from "node:child_process";
import test from "ava";
import { generateBootstrapToken } from "../../src/kubernetes/bootstrap-token.ts";
import { kubeadmJoinCommand } from "../../src/kubernetes/join-command.ts";
import { publicKeyPin } from "../../src/pki/read.ts";
import { makeCertificates } from "../support/certificates.ts";

test("every certificate of the CA is pinned, and shells hand the words on as they are", async (t) => {
  const [one, other] = [(await makeCertificates()).ca.certificate, (await makeCertificates()).ca.certificate];
  const token = generateBootstrapToken();
  const line = kubeadmJoinCommand(token, { endpoint: "192.0.2.1:6443", caCert: `${one}${other}` }).reveal();
  const words = ["join", "192.0.2.1:6443", "--token", `${token.id}.${token.secret.reveal()}`];
  for (const pem of [one, other]) words.push("--discovery-token-ca-cert-hash", publicKeyPin(pem));
  t.is(line, ["kubeadm", ...words].join(" "));
  for (const shell of ["bash", "dash"]) {
    const said = execFileSync(shell, ["-c", `kubeadm() { printf '%s\\n' "$@"; }; ${line}`], { encoding: "utf8" });
    t.deepEqual(said.trimEnd().split("\n"), words, shell);
  }
});
