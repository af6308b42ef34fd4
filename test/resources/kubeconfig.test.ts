import { X509Certificate } from "node:crypto";
import { chmod, mkdir, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import test from "ava";
import { Vault } from "../../src/engine/vault.ts";
import { issueCa, issueCertificate } from "../../src/pki/issue.ts";
import { buildKubeconfig, buildKubeletKubeconfig, readKubeconfig } from "../../src/pki/kubeconfig.ts";
import { type KubeconfigResource, kubeconfigKind as kind } from "../../src/resources/kubeconfig.ts";
import { Secret } from "../../src/secret.ts";
import { bringInOrder, differences, temporaryFolder } from "../support/kind.ts";
import { runSh, shells } from "../support/run-fragment.ts";

const now = new Date("2026-11-24T12:03:05Z");
const later = (days: number) => new Date(now.getTime() + days * 24 * 60 * 60 * 1000);
const newCa = () => issueCa({ commonName: "kubernetes", validityDays: 3650, now, algorithm: "ECDSA-P256" });
const ca = await newCa();
const server = "https://192.168.56.11:6443";

function vaultWith({ certificatePem, key }: typeof ca): Vault {
  const vault = new Vault();
  vault.put("ca", { certificate: certificatePem, key });
  return vault;
}

async function scheduler(): Promise<KubeconfigResource> {
  const path = join(await temporaryFolder(), "scheduler.conf");
  const user = "system:kube-scheduler";
  return { kind: "kubeconfig", path, user, server, algorithm: "ECDSA-P256", validityDays: 365, form: "client-certificate" };
}

async function kubelet(): Promise<KubeconfigResource & { clientPath: string }> {
  const folder = await temporaryFolder();
  return {
    kind: "kubeconfig",
    path: join(folder, "kubelet.conf"),
    user: "system:node:cp1",
    organization: "system:nodes",
    server,
    algorithm: "ECDSA-P256",
    validityDays: 365,
    form: "kubelet-final",
    clientPath: join(folder, "pki/kubelet-client-current.pem"),
  };
}

const read = async (path: string) => readKubeconfig(new Secret(await readFile(path, "utf8")));
const names = (found: readonly { what: string }[]) => found.map(({ what }) => what);

for (const shell of shells) {
  const title = shell.join(" ");

  test(`a kubeconfig is written with a certificate of its own and is then in order (${title})`, async (t) => {
    const options = { shell, vault: vaultWith(ca), now };
    const resource = await scheduler();
    t.deepEqual(names(await differences(kind, resource, options)), ["kubeconfig", "client certificate"]);
    const result = await bringInOrder(kind, [resource], options);
    t.is(result.exitCode, 0, result.stderr);
    t.deepEqual(await differences(kind, resource, options), []);
    const found = await read(resource.path);
    t.is(found?.server, server);
    t.is(found?.caCert, ca.certificatePem);
    t.is(new X509Certificate(found?.certificatePem ?? "").subject, "CN=system:kube-scheduler");
    t.is((await stat(resource.path)).mode & 0o777, 0o600);
  });

  test(`what was changed by hand is exactly what differs, and is put right (${title})`, async (t) => {
    const options = { shell, vault: vaultWith(ca), now };
    const resource = await scheduler();
    await bringInOrder(kind, [resource], options);
    const changed = async (...expected: string[]) => {
      t.deepEqual(names(await differences(kind, resource, options)), expected);
      await bringInOrder(kind, [resource], options);
      t.deepEqual(await differences(kind, resource, options), []);
    };
    await writeFile(resource.path, (await readFile(resource.path, "utf8")).replace("56.11", "56.12"));
    await changed("server");
    await writeFile(resource.path, "a: [");
    await changed("kubeconfig", "client certificate");
    const { ino } = await stat(resource.path);
    await chmod(resource.path, 0o644);
    await changed(`mode of ${resource.path}`);
    t.is((await stat(resource.path)).ino, ino);
  });

  test(`the kubelet's points at a certificate beside it, and is then in order (${title})`, async (t) => {
    const options = { shell, vault: vaultWith(ca), now };
    const resource = await kubelet();
    t.deepEqual(names(await differences(kind, resource, options)), ["kubeconfig", "client certificate"]);
    const result = await bringInOrder(kind, [resource], options);
    t.is(result.exitCode, 0, result.stderr);
    t.deepEqual(await differences(kind, resource, options), []);
    const target = join(dirname(resource.clientPath), "kubelet-client-2026-11-24-12-03-05.pem");
    t.is(await readlink(resource.clientPath), target);
    t.is((await stat(target)).mode & 0o777, 0o600);
    t.deepEqual((await readdir(dirname(target))).sort(), ["kubelet-client-2026-11-24-12-03-05.pem", "kubelet-client-current.pem"]);
    t.like(await read(resource.path), { server, certificatePath: resource.clientPath, keyPath: resource.clientPath, key: undefined });
  });

  test(`the kubelet's certificate is renewed by kboot only when it is no longer valid (${title})`, async (t) => {
    const vault = vaultWith(ca);
    const resource = await kubelet();
    await bringInOrder(kind, [resource], { shell, vault, now });
    t.deepEqual(await differences(kind, resource, { shell, vault, now: later(364) }), []);
    const late = { shell, vault, now: later(366) };
    t.deepEqual(await differences(kind, resource, late), [{ what: "client expiry", from: "expired 1 day ago" }]);
    const before = await stat(resource.path);
    await bringInOrder(kind, [resource], late);
    t.deepEqual(await differences(kind, resource, late), []);
    t.is((await stat(resource.path)).ino, before.ino); // the file still points at the same link
    t.is(await readlink(resource.clientPath), join(dirname(resource.clientPath), "kubelet-client-2027-11-25-12-03-05.pem"));
  });
}

test("a certificate that the kubelet fetched itself is kept when only the file is not in its final form", async (t) => {
  const options = { shell: ["dash"], vault: vaultWith(ca), now };
  const resource = await kubelet();
  const wish = { usages: ["clientAuth"], dnsNames: [], ipAddresses: [], validityDays: 20, now, algorithm: "ECDSA-P256" } as const;
  const issued = await issueCertificate({ commonName: resource.user, organizations: ["system:nodes"], ...wish }, ca);
  const target = join(dirname(resource.clientPath), "kubelet-client-1.pem");
  await mkdir(dirname(target));
  await writeFile(target, issued.certificatePem + issued.key.reveal(), { mode: 0o600 });
  await symlink(target, resource.clientPath);
  const embedded = buildKubeconfig({ server, caCert: ca.certificatePem, user: resource.user, ...issued });
  await writeFile(resource.path, embedded.reveal(), { mode: 0o600 });
  t.deepEqual(await differences(kind, resource, options), [{ what: "credential", to: resource.clientPath }]);
  await bringInOrder(kind, [resource], options);
  t.deepEqual(await differences(kind, resource, options), []);
  t.is(await readlink(resource.clientPath), target);
});

test("a client certificate that is gone or not the node's differs", async (t) => {
  const options = { shell: ["dash"], vault: vaultWith(ca), now };
  const resource = await kubelet();
  await bringInOrder(kind, [resource], options);
  t.deepEqual(await differences(kind, { ...resource, user: "system:node:cp2" }, options), [
    { what: "client common name", from: "system:node:cp1", to: "system:node:cp2" },
  ]);
  await rm(resource.clientPath);
  t.deepEqual(await differences(kind, resource, options), [{ what: "client certificate", to: "new" }]);
});

/** A kubelet that has joined, by itself. */
async function joined(authority = ca, user = "system:node:cp1") {
  const resource = { ...(await kubelet()), form: "kubelet-joined" } as const;
  const wish = { usages: ["clientAuth"], dnsNames: [], ipAddresses: [], validityDays: 20, now, algorithm: "ECDSA-P256" } as const;
  const { certificatePem, key } = await issueCertificate({ commonName: user, organizations: ["system:nodes"], ...wish }, authority);
  const target = join(dirname(resource.clientPath), "kubelet-client-1.pem");
  await mkdir(dirname(target));
  await writeFile(target, certificatePem + key.reveal(), { mode: 0o600 });
  await symlink(target, resource.clientPath);
  const conf = buildKubeletKubeconfig({ server, caCert: ca.certificatePem, user: "default-auth", clientPath: resource.clientPath });
  await writeFile(resource.path, conf, { mode: 0o600 });
  return { resource, target };
}

for (const shell of shells) {
  test(`what a kubelet wrote when it joined is in order, and held by meaning and mode (${shell.join(" ")})`, async (t) => {
    const options = { shell, vault: vaultWith(ca), now };
    const { resource, target } = await joined();
    t.deepEqual(await differences(kind, resource, options), []);
    await writeFile(resource.path, (await readFile(resource.path, "utf8")).replace("56.11", "56.12"));
    await chmod(target, 0o644);
    t.deepEqual(await differences(kind, resource, options), [
      { what: "server", from: "https://192.168.56.12:6443", to: server },
      { what: `mode of ${resource.clientPath}`, from: "0644", to: "0600" },
    ]);
    const pem = await readFile(target, "utf8");
    const result = await bringInOrder(kind, [resource], options);
    t.is(result.exitCode, 0, result.stderr);
    t.deepEqual(await differences(kind, resource, options), []);
    t.is(await readFile(target, "utf8"), pem);
    t.is(await readlink(resource.clientPath), target);
    await rm(resource.path);
    t.deepEqual(await differences(kind, resource, options), [{ what: "kubeconfig", to: "new" }]);
    await bringInOrder(kind, [resource], options);
    t.deepEqual(await differences(kind, resource, options), []);
  });
}

test("where a kubelet has yet to join, or to join anew, its kubeconfig follows from that, and kboot writes none", async (t) => {
  const options = { shell: ["dash"], vault: vaultWith(ca), now };
  const ahead = [{ what: "kubeconfig", to: "as the kubelet writes it when it joins", follows: true }];
  const bare = { ...(await kubelet()), form: "kubelet-joined" } as const;
  t.deepEqual(await differences(kind, bare, options), ahead);
  t.deepEqual(await differences(kind, bare, { shell: ["dash"], now }), ahead);
  const foreign = await joined(await newCa());
  t.deepEqual(await differences(kind, foreign.resource, options), ahead);
  const anothers = await joined(ca, "system:node:cp2");
  t.deepEqual(await differences(kind, anothers.resource, options), ahead);
  const before = await stat(foreign.resource.path);
  await chmod(foreign.target, 0o644);
  const result = await bringInOrder(kind, [foreign.resource], options);
  t.is(result.exitCode, 0, result.stderr);
  t.is((await stat(foreign.resource.path)).ino, before.ino);
  t.is((await stat(foreign.target)).mode & 0o777, 0o600);
});

test("a kubelet's that has joined is put right without the CA's key, as a machine that joins by itself has none", async (t) => {
  const vault = new Vault();
  vault.put("ca", { certificate: ca.certificatePem });
  const options = { shell: ["dash"], vault, now };
  const { resource } = await joined();
  await writeFile(resource.path, (await readFile(resource.path, "utf8")).replace("56.11", "56.12"));
  const bare = { ...(await kubelet()), form: "kubelet-joined" } as const;
  await mkdir(dirname(bare.clientPath));
  for (const path of [bare.path, bare.clientPath]) await writeFile(path, "as the kubelet wrote it");
  const result = await bringInOrder(kind, [resource, bare], options);
  t.is(result.exitCode, 0, result.stderr);
  t.deepEqual(await differences(kind, resource, options), []);
  t.is(await readFile(bare.path, "utf8"), "as the kubelet wrote it");
});

test("the key of a kubelet that has joined stays on its host", async (t) => {
  const { resource, target } = await joined();
  const { stdout } = await runSh(kind.observe(resource), { shell: ["dash"] });
  t.regex(await readFile(target, "utf8"), /PRIVATE KEY/);
  t.regex(stdout.toString(), /BEGIN CERTIFICATE/);
  t.false(stdout.toString().includes("PRIVATE KEY"));
});

test("another CA differs in the file and in the certificate", async (t) => {
  const resource = await scheduler();
  await bringInOrder(kind, [resource], { shell: ["dash"], vault: vaultWith(ca), now });
  const other = { shell: ["dash"], vault: vaultWith(await newCa()), now };
  t.deepEqual(names(await differences(kind, resource, other)), ["CA", "client signer"]);
  await bringInOrder(kind, [resource], other);
  t.deepEqual(await differences(kind, resource, other), []);
});

test("it can be planned before the CA exists", async (t) => {
  t.deepEqual(await differences(kind, await scheduler(), { shell: ["dash"], now }), [
    { what: "kubeconfig", to: "new, with a certificate of the new ca" },
  ]);
});
