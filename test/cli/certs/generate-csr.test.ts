import { mkdtemp, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { execa } from "execa";
import { kboot } from "../../support/kboot.ts";
import { compare } from "../../support/kubeadm.ts";
import { certificateBases } from "./support.ts";

const documents = `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
nodeRegistration: {name: cp1}
localAPIEndpoint: {advertiseAddress: 10.0.0.1, bindPort: 7443}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.36.3
clusterName: lab
controlPlaneEndpoint: api.example.com
encryptionAlgorithm: ECDSA-P384
networking: {serviceSubnet: "10.9.0.0/16,fd00:9::/112", dnsDomain: lab.local}
apiServer: {certSANs: [EXTRA.example.com, 10.0.0.9, "*.example.com"]}
etcd: {local: {serverCertSANs: [etcd.example.com, 10.0.0.8], peerCertSANs: [fd00::8]}}
`;

const kubeconfigs = ["admin.conf", "controller-manager.conf", "kubelet.conf", "scheduler.conf", "super-admin.conf"];

async function showRequest(path: string): Promise<string> {
  const { stdout } = await execa("openssl", ["req", "-in", path, "-noout", "-text", "-verify", "-reqopt", "no_pubkey,no_sigdump"]);
  return stdout;
}

compare("kubeadm asks for the same certificates", async (t, kubeadm) => {
  const folder = await mkdtemp(join(tmpdir(), "kboot-csr-"));
  const config = join(folder, "kubeadm.yaml");
  await writeFile(config, documents);
  const words = (own: string) => [
    "certs",
    "generate-csr",
    "--config",
    config,
    "--cert-dir",
    `${folder}/${own}/pki`,
    "--kubeconfig-dir",
    `${folder}/${own}`,
  ];
  const [own, theirs] = [await kboot(...words("own")), await kubeadm(...words("theirs"))];
  t.is(theirs.exitCode, 0, theirs.stderr);
  t.is(own.exitCode, 0, own.stderr);
  // kubeadm's order is that of a map
  const sorted = (text: string) => text.split("\n").sort().join("\n");
  t.is(sorted(own.stdout), sorted(theirs.stdout.replaceAll("/theirs", "/own")));
  for (const name of [...certificateBases.map((base) => `pki/${base}`), ...kubeconfigs]) {
    t.is(await showRequest(`${folder}/own/${name}.csr`), await showRequest(`${folder}/theirs/${name}.csr`), name);
    t.is((await stat(`${folder}/own/${name}.csr`)).mode & 0o777, 0o600);
  }
  for (const name of certificateBases) {
    const key = await readFile(`${folder}/own/pki/${name}.key`, "utf8");
    t.regex(key, /^-----BEGIN EC PRIVATE KEY-----/);
    const { stdout } = await execa("openssl", ["req", "-in", `${folder}/own/pki/${name}.csr`, "-noout", "-pubkey"]);
    t.is((await execa("openssl", ["pkey", "-pubout"], { input: key })).stdout, stdout, "the key is that of the request");
  }
  for (const name of kubeconfigs) {
    const masked = async (which: string) => (await readFile(`${folder}/${which}/${name}`, "utf8")).replace(/key-data: \S+/, "key-data: X");
    t.is(await masked("own"), await masked("theirs"), name);
    t.is((await stat(`${folder}/own/${name}`)).mode & 0o777, 0o600);
  }
});

test("what is there is never overwritten, and then nothing is written", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "kboot-csr-"));
  const config = join(folder, "kubeadm.yaml");
  await writeFile(config, documents);
  await writeFile(join(folder, "scheduler.conf.csr"), "old");
  const { exitCode, stdout, stderr } = await kboot(
    "certs",
    "generate-csr",
    "--config",
    config,
    "--cert-dir",
    `${folder}/pki`,
    "--kubeconfig-dir",
    folder,
  );
  t.is(exitCode, 64);
  t.is(stdout, "");
  t.true(stderr.startsWith(`${folder}/scheduler.conf.csr is there already\n`), stderr);
  await t.throwsAsync(stat(join(folder, "pki")), { code: "ENOENT" });
  t.is(await readFile(join(folder, "scheduler.conf.csr"), "utf8"), "old");
});

test("a certificate key is 32 random bytes", async (t) => {
  const [one, other] = [await kboot("certs", "certificate-key"), await kboot("certs", "certificate-key")];
  t.regex(one.stdout, /^[0-9a-f]{64}\n$/);
  t.not(one.stdout, other.stdout);
});
