import { X509Certificate } from "node:crypto";
import { chmod, cp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { readKubeconfig } from "../../../src/pki/kubeconfig.ts";
import { isKeyOf, isSignedBy } from "../../../src/pki/read.ts";
import { Secret } from "../../../src/secret.ts";
import { kboot } from "../../support/kboot.ts";
import { compare } from "../../support/kubeadm.ts";
import { certificateBases, makeControlPlane, showCertificate } from "./support.ts";

const files = ["admin.conf", "controller-manager.conf", "scheduler.conf", "super-admin.conf"];

const renew = (folder: string, name: string, ...words: readonly string[]) =>
  kboot("certs", "renew", name, "--cert-dir", join(folder, "pki"), "--kubeconfig-dir", folder, "--kubeconfig", "/nowhere", ...words);

const read = (folder: string, path: string) => readFile(join(folder, path), "utf8");

const daysOf = (pem: string) => {
  const { validFromDate, validToDate } = new X509Certificate(pem);
  return (validToDate.getTime() - validFromDate.getTime() - 5 * 60_000) / 86_400_000;
};

test("all certificates get a new key and a new year, and say what they said before", async (t) => {
  const folder = await makeControlPlane({ withKubeconfigs: true });
  const before = new Map<string, string>();
  for (const path of [...certificateBases.map((base) => `pki/${base}.crt`), ...files]) before.set(path, await read(folder, path));
  await chmod(join(folder, "pki/apiserver.crt"), 0o640);
  const { exitCode, stdout, stderr } = await renew(folder, "all");
  t.is(exitCode, 0, stderr);
  t.is(stdout.match(/ renewed$/gm)?.length, 11);
  t.regex(stdout, /renewed\n\nDone renewing certificates\. You must restart the kube-apiserver, [^\n]*\n$/);
  for (const base of certificateBases) {
    const [old, now] = [before.get(`pki/${base}.crt`) ?? "", await read(folder, `pki/${base}.crt`)];
    const authority =
      base.startsWith("etcd/") || base === "apiserver-etcd-client" ? "etcd/ca" : base.startsWith("front") ? "front-proxy-ca" : "ca";
    // kubeadm's default algorithm: RSA, while these were ECDSA
    t.is(await showCertificate(now), await showCertificate(old), base);
    t.true(isSignedBy(now, await read(folder, `pki/${authority}.crt`)), base);
    const key = new Secret(await read(folder, `pki/${base}.key`));
    t.true(isKeyOf(now, key) && !isKeyOf(old, key), base);
    t.is(new X509Certificate(now).publicKey.asymmetricKeyType, "rsa");
    t.is(daysOf(now), 365);
    t.is((await stat(join(folder, `pki/${base}.key`))).mode & 0o777, 0o600);
  }
  t.is((await stat(join(folder, "pki/apiserver.crt"))).mode & 0o777, 0o640, "a mode of the operator's stays");
  for (const file of files) {
    const [old, now] = [before.get(file) ?? "", await read(folder, file)];
    const [was, is] = [readKubeconfig(new Secret(old)), readKubeconfig(new Secret(now))];
    t.is(await showCertificate(is?.certificatePem ?? ""), await showCertificate(was?.certificatePem ?? ""), file);
    t.true(is?.key !== undefined && isKeyOf(is.certificatePem ?? "", is.key), file);
    const masked = (text: string) => text.replace(/(client-[a-z-]+): \S+/g, "$1: X");
    t.is(masked(now), masked(old), file);
    t.is((await stat(join(folder, file))).mode & 0o777, 0o600);
  }
  const left = [...(await readdir(folder)), ...(await readdir(join(folder, "pki"))), ...(await readdir(join(folder, "pki/etcd")))];
  t.deepEqual(
    left.filter((name) => name.startsWith(".")),
    [],
    "nothing is left beside the files",
  );
});

test("validity and algorithm are those of the configuration", async (t) => {
  const folder = await makeControlPlane();
  const config = join(folder, "kubeadm.yaml");
  const head = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n";
  await writeFile(config, `${head}certificatesDir: ${folder}/pki\nencryptionAlgorithm: ECDSA-P384\ncertificateValidityPeriod: 36h\n`);
  const { stdout, stderr } = await kboot("certs", "renew", "apiserver", "--config", config);
  t.is(stdout, "certificate for serving the Kubernetes API renewed\n");
  t.is(stderr, "restart kube-apiserver, so that it uses the new certificate\n");
  const pem = await read(folder, "pki/apiserver.crt");
  t.is(daysOf(pem), 1.5);
  t.is(new X509Certificate(pem).publicKey.asymmetricKeyDetails?.namedCurve, "secp384r1");
  t.regex(await read(folder, "pki/apiserver.key"), /^-----BEGIN EC PRIVATE KEY-----/);
});

test("what an external CA signs is left alone, and what is missing is told", async (t) => {
  const folder = await makeControlPlane({ withKubeconfigs: true });
  await rm(join(folder, "pki/ca.key"));
  await rm(join(folder, "super-admin.conf"));
  await rm(join(folder, "pki/front-proxy-client.crt"));
  const [before, admin] = [await read(folder, "pki/apiserver.crt"), await read(folder, "admin.conf")];
  const { stdout, exitCode } = await renew(folder, "all");
  t.is(exitCode, 0);
  t.true(stdout.includes("Detected external ca, certificate for serving the Kubernetes API can't be renewed\n"));
  t.true(stdout.includes("MISSING! certificate embedded in the kubeconfig file for the super-admin\n"));
  t.true(stdout.includes("MISSING! certificate for the front proxy client\n"));
  t.is(stdout.match(/(?<!be) renewed$/gm)?.length, 4, "those of etcd");
  t.is(await read(folder, "pki/apiserver.crt"), before);
  t.is(await read(folder, "admin.conf"), admin);
});

compare("kubeadm says the same, and renews to the same", async (t, kubeadm) => {
  const own = await makeControlPlane();
  await rm(join(own, "pki/etcd/ca.key"));
  const theirs = `${own}-kubeadm`;
  await cp(own, theirs, { recursive: true });
  const words = (folder: string) => ["--cert-dir", join(folder, "pki"), "--kubeconfig", "/nowhere"];
  for (const name of ["apiserver", "etcd-server", "scheduler.conf", "all"]) {
    const [a, b] = [await kboot("certs", "renew", name, ...words(own)), await kubeadm("certs", "renew", name, ...words(theirs))];
    t.is(b.exitCode, 0, b.stderr);
    t.is(a.stdout, b.stdout, name);
  }
  for (const base of certificateBases) {
    t.is(await showCertificate(await read(own, `pki/${base}.crt`)), await showCertificate(await read(theirs, `pki/${base}.crt`)), base);
  }
});

test("a key that cannot be written leaves certificate and key as they were", async (t) => {
  const folder = await makeControlPlane();
  await rm(join(folder, "pki/apiserver.key"));
  // no folder can be made there, not even by root
  await symlink("/proc/kboot/apiserver.key", join(folder, "pki/apiserver.key"));
  const before = await read(folder, "pki/apiserver.crt");
  const { exitCode, stderr } = await renew(folder, "apiserver");
  t.is(exitCode, 65, stderr);
  t.regex(stderr, /^cannot write .*apiserver\.key and .*apiserver\.crt: /);
  t.is(await read(folder, "pki/apiserver.crt"), before);
  t.deepEqual(
    (await readdir(join(folder, "pki"))).filter((name) => name.startsWith(".")),
    [],
  );
});

test("certificates of an etcd that runs elsewhere, and names that there are not, are refused", async (t) => {
  const folder = await makeControlPlane();
  const config = join(folder, "kubeadm.yaml");
  const head = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n";
  await writeFile(config, `${head}certificatesDir: ${folder}/pki\netcd: {external: {endpoints: [http://10.0.0.7:2379]}}\n`);
  const elsewhere = await kboot("certs", "renew", "etcd-peer", "--config", config);
  t.is(elsewhere.exitCode, 64);
  t.regex(elsewhere.stderr, /^etcd-peer is not a certificate of this cluster, whose etcd runs elsewhere\n/);
  const unknown = await renew(folder, "apiservr");
  t.is(unknown.exitCode, 64);
  t.regex(unknown.stderr, /'apiservr' is invalid/);
});

test("a cluster that does not answer does not keep anybody from renewing", async (t) => {
  const folder = await makeControlPlane({ withKubeconfigs: true });
  const admin = join(folder, "admin.conf");
  await writeFile(admin, (await read(folder, "admin.conf")).replace("https://10.0.0.1:6443", "https://127.0.0.1:1"));
  const words = ["--cert-dir", join(folder, "pki"), "--kubeconfig-dir", folder, "--kubeconfig", admin];
  const { stdout, stderr, exitCode } = await kboot("certs", "renew", "apiserver", ...words);
  t.is(exitCode, 0, stderr);
  t.is(
    stdout,
    '[renew] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...\n' +
      "[renew] Error reading configuration from the Cluster. Falling back to default configuration\n\n" +
      "certificate for serving the Kubernetes API renewed\n",
  );
  t.regex(stderr, /ECONNREFUSED/);
});
