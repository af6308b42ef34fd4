import { X509Certificate } from "node:crypto";
import { chmod, mkdir, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import test from "ava";
import { Vault } from "../../src/engine/vault.ts";
import { issueCa, issueCertificate } from "../../src/pki/issue.ts";
import { buildKubeconfig, buildKubeletKubeconfig, readKubeconfig } from "../../src/pki/kubeconfig.ts";
import { type KubeconfigResource, kubeconfigKind as kind } from "../../src/resources/kubeconfig.ts";
import { Secret } from "../../src/secret.ts";
import { bringInOrder, differences, obstacles, temporaryFolder } from "../support/kind.ts";
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

/** The vault where the CA's key is elsewhere. */
function vaultWithout(): Vault {
  const vault = new Vault();
  vault.put("ca", { certificate: ca.certificatePem });
  return vault;
}

/** What somebody made by hand of a request that was signed elsewhere. */
async function given(resource: KubeconfigResource, { address = server, validityDays = 365 } = {}) {
  const { user, organization } = resource;
  const wish = { commonName: user, organizations: [...(organization === undefined ? [] : [organization]), "more"], usages: ["clientAuth"] };
  const names = { dnsNames: [], ipAddresses: [] };
  const issued = await issueCertificate({ ...wish, ...names, validityDays, now, algorithm: "ECDSA-P256" } as never, ca);
  // a tool may leave the last line's end out
  const credential = { certificatePem: issued.certificatePem.trimEnd(), key: issued.key };
  const kubeconfig = buildKubeconfig({ server: address, caCert: ca.certificatePem, user, ...credential });
  await writeFile(resource.path, kubeconfig.reveal(), { mode: 0o600 });
  return issued;
}

test("where the CA's key is elsewhere, a kubeconfig that was given stays, and its server alone is put right", async (t) => {
  const options = { shell: ["dash"], vault: vaultWithout(), now };
  const resource = await scheduler();
  await given(resource);
  t.deepEqual(await differences(kind, resource, options), []);
  t.deepEqual(await obstacles(kind, resource, options), []);
  const { certificatePem } = await given(resource, { address: "https://192.168.56.12:6443" });
  t.deepEqual(names(await differences(kind, resource, options)), ["server"]);
  await bringInOrder(kind, [resource], options);
  t.like(await read(resource.path), { server, certificatePem: certificatePem.trimEnd() });
});

test("where the CA's key is elsewhere, the kubelet begins with the certificate in its kubeconfig, and has it for its own then", async (t) => {
  const options = { shell: ["dash"], vault: vaultWithout(), now };
  const resource = await kubelet();
  const { certificatePem, key } = await given(resource);
  t.deepEqual(await obstacles(kind, resource, options), []);
  t.deepEqual(await differences(kind, resource, options), [
    { what: "credential", to: resource.clientPath },
    { what: "client certificate", to: `the one in ${resource.path}` },
  ]);
  const { exitCode, stderr } = await bringInOrder(kind, [resource], options);
  t.is(exitCode, 0, stderr);
  t.is(await readFile(resource.clientPath, "utf8"), certificatePem + key.reveal());
  t.deepEqual(await differences(kind, resource, options), []);
  t.deepEqual(await obstacles(kind, resource, { ...options, now: later(350) }), []); // it renews its own in time
  t.is((await obstacles(kind, resource, { ...options, now: later(366) })).length, 1);
});

test("where the CA's key is elsewhere, a kubeconfig that is missing or of no use is an obstacle, and refused", async (t) => {
  const options = { shell: ["dash"], vault: vaultWithout(), now };
  const resource = await scheduler();
  const messages = async (wanted: KubeconfigResource, when = now) => {
    const at = { ...options, now: when };
    const found = await differences(kind, wanted, at);
    if (found.length > 0) {
      t.deepEqual(found, [{ what: "certificate", to: "issued by the CA that is kept elsewhere" }]);
      await t.throwsAsync(bringInOrder(kind, [wanted], at), { code: "external-certificate", message: new RegExp(`^${wanted.path} `) });
    }
    return (await obstacles(kind, wanted, { ...options, now: when })).map(({ message }) => message.slice(wanted.path.length + 1));
  };
  const expected =
    "The key of ca is on no control plane, so it has to hold a certificate of that CA with the common name system:kube-scheduler, the usages clientAuth";
  t.deepEqual(await messages(resource), [`is missing. ${expected}`]);
  t.deepEqual(await messages({ ...resource, isDispensable: true }), []);
  await writeFile(resource.path, "a: [", { mode: 0o600 });
  t.deepEqual(await messages(resource), [`holds no client certificate with its key. ${expected}`]);
  await given(resource, { validityDays: 2 });
  t.deepEqual(await messages({ ...resource, isDispensable: true }, later(4)), [`is of no use: expired 2 days ago. ${expected}`]);
  t.deepEqual(await messages({ ...resource, user: "system:kube-controller-manager" }), [
    `is of no use: common name system:kube-scheduler, not system:kube-controller-manager. ${expected.replace("scheduler", "controller-manager")}`,
  ]);
});
