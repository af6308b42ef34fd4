import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import type { Lab } from "./lab.ts";

/** Path of a CA below pki, by what it issues there. */
function authorityOf(request: string): string {
  if (/^pki\/(etcd\/|apiserver-etcd-client)/.test(request)) return "etcd/ca";
  return request.startsWith("pki/front-proxy-") ? "front-proxy-ca" : "ca";
}

/**
 * Signs what `certs generate-csr` has left below /etc/kubernetes of a host, by openssl, with CAs whose keys stay in `folder`, as their owner would: puts
 * certificates beside the keys and into the kubeconfigs, and the certificates of the CAs where they belong.
 */
export async function signElsewhere(set: Lab, host: string, folder: string): Promise<void> {
  const work = join(folder, "kubernetes");
  const keys = join(folder, "keys");
  await Promise.all([work, keys].map((path) => mkdir(path, { recursive: true })));
  const ssh = ["-F", set.sshConfig, host];
  const requests = await execa("ssh", [...ssh, "sudo tar -C /etc/kubernetes -cf - ."], { encoding: "buffer" });
  await execa("tar", ["-C", work, "-xf", "-"], { input: requests.stdout });

  const keyOf = (authority: string) => join(keys, `${authority.replace("/", "-")}.key`);
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const ofCa = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,digitalSignature"];
  for (const authority of ["ca", "front-proxy-ca", "etcd/ca"]) {
    const out = ["-keyout", keyOf(authority), "-out", join(work, `pki/${authority}.crt`)];
    // openssl's own configuration would say the extensions of a CA a second time
    await execa("openssl", [
      "req",
      "-x509",
      "-config",
      "/dev/null",
      ...ec,
      ...out,
      "-days",
      "60",
      "-subj",
      `/CN=elsewhere-${authority.replace("/", "-")}`,
      ...ofCa,
    ]);
  }
  const found = (await readdir(work, { recursive: true })).filter((path) => path.endsWith(".csr"));
  for (const request of found) {
    const authority = authorityOf(request);
    const path = join(work, request.replace(/\.csr$/, ""));
    const signer = ["-CA", join(work, `pki/${authority}.crt`), "-CAkey", keyOf(authority), "-CAcreateserial"];
    const { stdout } = await execa("openssl", [
      "x509",
      "-req",
      "-in",
      join(work, request),
      ...signer,
      "-days",
      "40",
      "-copy_extensions",
      "copy",
    ]);
    if (path.endsWith(".conf")) await intoKubeconfig(path, stdout, await readFile(join(work, "pki/ca.crt"), "utf8"));
    else await writeFile(`${path}.crt`, `${stdout}\n`);
    await rm(join(work, request));
  }
  const signed = await execa("tar", ["-C", work, "-cf", "-", "."], { encoding: "buffer" });
  await execa("ssh", [...ssh, "sudo tar -C /etc/kubernetes -xf -"], { input: signed.stdout });
}

async function intoKubeconfig(path: string, certificatePem: string, caPem: string): Promise<void> {
  const kubeconfig = parse(await readFile(path, "utf8"));
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  for (const { cluster } of kubeconfig.clusters) cluster["certificate-authority-data"] = base64(caPem);
  for (const { user } of kubeconfig.users) user["client-certificate-data"] = base64(certificatePem);
  await writeFile(path, stringify(kubeconfig));
}
