import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { kboot } from "../../support/kboot.ts";
import { compare, type Kubeadm } from "../../support/kubeadm.ts";
import { makeControlPlane } from "./support.ts";

const changes: Readonly<Record<string, (pki: string) => Promise<void>>> = {
  "all there": async () => {},
  "a certificate is missing": (pki) => rm(join(pki, "apiserver.crt")),
  "the CA's key is elsewhere": (pki) => rm(join(pki, "ca.key")),
  "the key of etcd's CA is elsewhere": (pki) => rm(join(pki, "etcd/ca.key")),
};

/** Seconds pass between the two. */
function withoutSeconds(text: string): string {
  return text.replace(/(residualTime"?: )\d{3,}/g, "$1N");
}

async function compareForms(t: ExecutionContext, kubeadm: Kubeadm, title: string, words: readonly string[]): Promise<void> {
  for (const form of ["text", "json", "yaml"]) {
    const all = ["certs", "check-expiration", "--kubeconfig", "/nowhere", ...words, "-o", form];
    const [own, theirs] = [await kboot(...all), await kubeadm(...all)];
    t.is(theirs.exitCode, 0, theirs.stderr);
    t.is(withoutSeconds(own.stdout), withoutSeconds(theirs.stdout), `${title} as ${form}`);
    t.is(own.stderr, "");
  }
}

for (const [title, change] of Object.entries(changes)) {
  compare(`kubeadm shows the same expirations: ${title}`, async (t, kubeadm) => {
    const pki = join(await makeControlPlane(), "pki");
    await change(pki);
    await compareForms(t, kubeadm, title, ["--cert-dir", pki]);
  });
}

compare("kubeadm shows the same expirations: etcd runs elsewhere", async (t, kubeadm) => {
  const folder = await makeControlPlane();
  const config = join(folder, "kubeadm.yaml");
  await rm(join(folder, "pki/etcd"), { recursive: true });
  const etcd = "etcd: {external: {endpoints: [http://10.0.0.7:2379]}}";
  const head = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.36.3";
  await writeFile(config, `${head}\ncertificatesDir: ${folder}/pki\n${etcd}\n`);
  await compareForms(t, kubeadm, "external etcd", ["--config", config]);
});

test("kubeconfigs count too, with the CA that signs them", async (t) => {
  const folder = await makeControlPlane({ withKubeconfigs: true });
  const words = ["certs", "check-expiration", "--cert-dir", join(folder, "pki"), "--kubeconfig-dir", folder, "--kubeconfig", "/nowhere"];
  const { stdout } = await kboot(...words);
  const rows = stdout.split("\n").filter((line) => line.includes(".conf"));
  t.is(rows.length, 4);
  for (const row of rows) t.regex(row, /^[a-z-]+\.conf +\w+ \d+, \d+ \d\d:\d\d UTC {3}9d {14}ca {22}no {6}$/);
});

const wrong: Readonly<Record<string, { change: (folder: string) => Promise<void>; message: (folder: string) => string }>> = {
  "a CA is missing whose certificates are there": {
    change: (folder) => rm(join(folder, "pki/ca.crt")),
    message: (folder) => `cannot read ${folder}/pki/ca.crt: `,
  },
  "a certificate is no certificate": {
    change: (folder) => writeFile(join(folder, "pki/apiserver.crt"), "nothing"),
    message: (folder) => `${folder}/pki/apiserver.crt holds no certificate`,
  },
  "a key is of another CA": {
    change: async (folder) => writeFile(join(folder, "pki/ca.key"), await readFile(join(folder, "pki/etcd/ca.key"))),
    message: (folder) => `${folder}/pki/ca.key is not the key of ${folder}/pki/ca.crt`,
  },
  "a kubeconfig has no certificate": {
    change: (folder) => writeFile(join(folder, "admin.conf"), "apiVersion: v1\nkind: Config\n"),
    message: (folder) => `${folder}/admin.conf is not a kubeconfig with an embedded CA and client certificate`,
  },
  "the CA's key is elsewhere, and a certificate is of another CA": {
    change: async (folder) => {
      await rm(join(folder, "pki/ca.key"));
      for (const end of ["crt", "key"]) {
        await writeFile(join(folder, `pki/apiserver.${end}`), await readFile(join(folder, `pki/etcd/server.${end}`)));
      }
    },
    message: (folder) => `${folder}/pki/apiserver.crt is not signed by ${folder}/pki/ca.crt, whose key is not here`,
  },
};
for (const [title, { change, message }] of Object.entries(wrong)) {
  test(`an error names the file: ${title}`, async (t) => {
    const folder = await makeControlPlane({ withKubeconfigs: true });
    await change(folder);
    const words = ["--cert-dir", join(folder, "pki"), "--kubeconfig-dir", folder, "--kubeconfig", "/nowhere"];
    const { exitCode, stderr, stdout } = await kboot("certs", "check-expiration", ...words);
    t.is(exitCode, 65);
    t.is(stdout, "");
    t.true(stderr.startsWith(message(folder)), stderr);
    t.regex(stderr, /\nhint: /);
    t.notRegex(stderr, /PRIVATE KEY/);
  });
}
