import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { readKubeconfig } from "../../src/pki/kubeconfig.ts";
import { isKeyOf } from "../../src/pki/read.ts";
import { Secret } from "../../src/secret.ts";
import { kboot } from "../support/kboot.ts";
import { compare } from "../support/kubeadm.ts";
import { makeControlPlane, showCertificate } from "./certs/support.ts";

async function configure(folder: string): Promise<string> {
  const config = join(folder, "kubeadm.yaml");
  const head = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.36.3\n";
  await writeFile(
    config,
    `${head}certificatesDir: ${folder}/pki\nclusterName: lab\ncontrolPlaneEndpoint: "[fd00::1]:7443"\nencryptionAlgorithm: ECDSA-P256\n`,
  );
  return config;
}

const masked = (text: string) => text.replace(/(client-[a-z-]+): \S+/g, "$1: X");

async function certificateOf(t: ExecutionContext, text: string): Promise<string> {
  const { certificatePem = "", key } = readKubeconfig(new Secret(text)) ?? {};
  t.true(key !== undefined && isKeyOf(certificatePem, key));
  return certificatePem;
}

compare("kubeadm makes the same kubeconfig of a user", async (t, kubeadm) => {
  const folder = await makeControlPlane();
  const words = ["kubeconfig", "user", "--config", await configure(folder), "--client-name", "ann"];
  const withCertificate = [...words, "--org", "zeta,alpha,middle group", "--validity-period", "48h"];
  const [own, theirs] = [await kboot(...withCertificate), await kubeadm(...withCertificate)];
  t.is(theirs.exitCode, 0, theirs.stderr);
  t.is(masked(own.stdout), masked(theirs.stdout));
  const [certificate, other] = [await certificateOf(t, own.stdout), await certificateOf(t, theirs.stdout)];
  t.is(await showCertificate(certificate), await showCertificate(other));
  const withToken = [...words, "--token", "abc"];
  t.is((await kboot(...withToken)).stdout, (await kubeadm(...withToken)).stdout);
});

test("without the CA's key on this machine no certificate is made", async (t) => {
  const folder = await makeControlPlane();
  await rm(join(folder, "pki/ca.key"));
  const { exitCode, stdout, stderr } = await kboot("kubeconfig", "user", "--config", await configure(folder), "--client-name", "ann");
  t.is(exitCode, 65);
  t.is(stdout, "");
  t.true(stderr.startsWith(`the key of the cluster's CA is not on this machine: ${folder}/pki/ca.key is missing\nhint: `), stderr);
});

test("a time that is over is refused before anything is read, and a name is needed", async (t) => {
  const over = await kboot("kubeconfig", "user", "--client-name", "ann", "--validity-period", "0s");
  t.is(over.exitCode, 64);
  t.regex(over.stderr, /^--validity-period: 0s is over at once\n/);
  t.is((await kboot("kubeconfig", "user")).exitCode, 64);
});
