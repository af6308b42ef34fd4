import { writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import test from "ava";
import { KbootError } from "../../src/errors.ts";
import { parseFacts, probeScript } from "../../src/host/probe.ts";
import { startWeb } from "../artifacts/support/web.ts";
import { openTestHost } from "../support/fake-host.ts";
import { temporaryFolder } from "../support/kind.ts";

const { signal } = new AbortController();
const certificatesDir = "/etc/kubernetes/pki";
const asked = { askedAt: new Date("2026-01-02T03:04:04Z"), readAt: new Date("2026-01-02T03:04:05Z") };

function sections(values: Readonly<Record<string, string>>): Buffer {
  const all = { uname: "node 6.12.1 x86_64\n", ...values };
  return Buffer.from(
    Object.entries(all)
      .map(([name, text]) => `\0${name}\n${text}`)
      .join(""),
  );
}

for (const sh of [["dash"], ["busybox", "sh"]]) {
  test(`${sh.join(" ")}: this machine is read without a complaint`, async (t) => {
    const host = await openTestHost({ mode: "read", sh });
    const { stdout, stderr, exitCode } = await host.run(probeScript({ certificatesDir }), { signal });
    await host.close();
    t.is(stderr, "");
    t.is(exitCode, 0);
    const facts = parseFacts(stdout, asked);
    t.is(facts.hostname, hostname());
    t.true(facts.cpus > 0);
    t.true(facts.memoryBytes > 1e8);
    t.true(facts.diskFreeBytes > 0);
    t.true(Math.abs(facts.clock.hostSeconds - Date.now() / 1000) < 30);
    t.true(facts.addresses.some(({ address, prefixLength, device }) => address === "127.0.0.1" && prefixLength === 8 && device === "lo"));
    t.is(facts.commands["mount"], true);
    t.true(Object.keys(facts.kernelFeatures).length > 0);
  });

  test(`${sh.join(" ")}: the CA is read where it is said to be`, async (t) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "ca.crt"), "a certificate");
    await writeFile(join(folder, "ca.key"), "a key");
    const host = await openTestHost({ mode: "read", sh });
    const { stdout, stderr } = await host.run(probeScript({ certificatesDir: folder }), { signal });
    await host.close();
    t.is(stderr, "");
    const { caCert, caKey } = parseFacts(stdout, asked).kubernetes;
    t.deepEqual([caCert?.trim(), caKey?.reveal().trim()], ["a certificate", "a key"]);
  });

  test(`${sh.join(" ")}: a host says which URLs answer it`, async (t) => {
    const web = await startWeb(t);
    web.files.set("/kboot/bundle.json", Buffer.from("{}"));
    const registry = await startWeb(t);
    registry.token = "secret";
    const urls = [`${web.url}/kboot/bundle.json`, `${web.url}/other`, `${registry.url}/v2/`, "http://127.0.0.1:9/"];
    const host = await openTestHost({ mode: "read", sh });
    const { stdout, stderr } = await host.run(probeScript({ urls, certificatesDir }), { signal });
    await host.close();
    t.is(stderr, "");
    t.deepEqual(parseFacts(stdout, asked).reaches.toSorted(), [`${registry.url}/v2/`, `${web.url}/kboot/bundle.json`].toSorted());
  });
}

test("tells the tables that drop what is forwarded, of IPv4 alone", (t) => {
  const chains = `table ip filter {
\t\ttype filter hook forward priority filter; policy drop;
table ip6 filter {
\t\ttype filter hook forward priority filter; policy drop;
table ip nat {
table inet mine {
\t\ttype filter hook forward priority filter; policy drop;
`;
  const forward = (text: string) => parseFacts(sections({ forward: text }), asked).forwardDrops;
  t.deepEqual(forward(chains), ["ip filter", "inet mine"]);
  t.deepEqual(forward("-P FORWARD DROP\n-A FORWARD -j ACCEPT\n"), ["legacy"]);
  t.deepEqual(forward("-P FORWARD ACCEPT\n"), []);
  t.deepEqual(forward(""), []);
});

test("reads a host as it is in the field", (t) => {
  const facts = parseFacts(
    sections({
      uname: "cp-1 6.8.0-31-generic aarch64\n",
      clock: "1767323045\n",
      os: `NAME="Ubuntu"\nVERSION_ID="24.04"\nID=ubuntu\nPRETTY_NAME='Ubuntu 24.04 LTS'\n`,
      "machine-id": "0123abcd\n",
      "product-uuid": "4C4C4544-0042\n",
      cgroup2: "",
      cpus: "4\n",
      memory: "4028460\n",
      disk: "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 100 40 60 40% /\n",
      swaps: "Filename Type Size Used Priority\n/swap.img file 1 0 -2\n",
      addresses: [
        "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever",
        "2: enp0s3    inet 10.0.2.15/24 metric 100 brd 10.0.2.255 scope global dynamic enp0s3\\       valid_lft 1sec",
        "2: enp0s3    inet6 fd00::5/64 scope global",
        "5: wg0@if3    inet 10.9.0.1 peer 10.9.0.2/32 scope global wg0",
        "",
      ].join("\n"),
      routes: [
        "default via 10.0.2.2 dev enp0s3 proto dhcp src 10.0.2.15 metric 100 ",
        "10.0.2.0/24 dev enp0s3 proto kernel scope link src 10.0.2.15 ",
        "blackhole 10.1.0.0/16 ",
        "",
      ].join("\n"),
      resolv: "# comment\nsearch example.org\nnameserver 127.0.0.53\n",
      resolved: "",
      systemd: "",
      commands: "apt-get\nmount\n",
      directories: "/etc/ca-certificates\n",
      listening: [
        `LISTEN 0 4096 127.0.0.53%lo:53 0.0.0.0:* users:(("systemd-resolve",pid=1,fd=15))`,
        `LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=7,fd=3),("systemd",pid=1,fd=9))`,
        `LISTEN 0 128 [::]:22 [::]:* users:(("sshd",pid=7,fd=4))`,
        `LISTEN 0 128 *:10250 *:*`,
        "",
      ].join("\n"),
      state: `{"version":1}\n`,
      "ca-cert": "-----BEGIN CERTIFICATE-----\n",
      "ca-key": "very private\n",
      "kubeconfig admin": "also very private\n",
      "kubelet-certificate": "its certificate\n",
      "manifest etcd": "kind: Pod\n",
      "manifest kube-apiserver": "kind: Pod # api\n",
    }),
    asked,
  );
  t.is(facts.hostname, "cp-1");
  t.is(facts.architecture, "arm64");
  t.is(facts.kernel, "6.8.0-31-generic");
  t.deepEqual(facts.os, { id: "ubuntu", versionId: "24.04", name: "Ubuntu 24.04 LTS" });
  t.is(facts.cgroupVersion, 2);
  t.is(facts.memoryBytes, 4028460 * 1024);
  t.is(facts.diskFreeBytes, 60 * 1024);
  t.true(facts.swapActive);
  t.deepEqual(facts.clock, { hostSeconds: 1767323045, ...asked });
  t.is(facts.productUuid, "4c4c4544-0042");
  t.deepEqual(facts.addresses, [
    { device: "lo", address: "127.0.0.1", prefixLength: 8, family: "inet" },
    { device: "enp0s3", address: "10.0.2.15", prefixLength: 24, family: "inet" },
    { device: "enp0s3", address: "fd00::5", prefixLength: 64, family: "inet6" },
    { device: "wg0", address: "10.9.0.1", prefixLength: 32, family: "inet" },
  ]);
  t.deepEqual(facts.routes, [
    { destination: "default", device: "enp0s3", gateway: "10.0.2.2", source: "10.0.2.15" },
    { destination: "10.0.2.0/24", device: "enp0s3", source: "10.0.2.15" },
  ]);
  t.deepEqual(facts.nameservers, ["127.0.0.53"]);
  t.true(facts.resolvedActive && facts.systemd);
  t.is(facts.packageManager, "apt");
  t.is(facts.commands["mount"], true);
  t.is(facts.commands["socat"], false);
  t.deepEqual(facts.listening, [
    { port: 22, command: "sshd" },
    { port: 53, command: "systemd-resolve" },
    { port: 10250, command: "" },
  ]);
  t.is(facts.state, `{"version":1}\n`);
  t.is(facts.kubernetes.caCert, "-----BEGIN CERTIFICATE-----\n");
  t.is(facts.kubernetes.caKey?.reveal(), "very private\n");
  t.deepEqual(
    facts.kubernetes.administrators.map((kubeconfig) => kubeconfig.reveal()),
    ["also very private\n"],
  );
  t.false(inspect(facts, { depth: 9 }).includes("very private"));
  t.is(facts.kubernetes.kubeletCertificate, "its certificate\n");
  t.deepEqual(facts.kubernetes.manifests, { etcd: "kind: Pod\n", "kube-apiserver": "kind: Pod # api\n" });
});

test("of packages that are asked for, the installed version is told, else what apt would install", async (t) => {
  const host = await openTestHost({ mode: "read" });
  const { stdout, stderr } = await host.run(probeScript({ certificatesDir, packages: ["dpkg", "no-such-package"] }), { signal });
  await host.close();
  t.is(stderr, "");
  const { packages } = parseFacts(stdout, asked);
  t.regex(packages["dpkg"]?.installed ?? "", /^1\.\d/);
  t.deepEqual(packages["no-such-package"], {});
  const text = "containerd candidate 1.7.24~ds1-6\nrunc installed 1.1.15\nnone candidate \n";
  t.deepEqual(parseFacts(sections({ packages: text }), asked).packages, {
    containerd: { candidate: "1.7.24~ds1-6" },
    runc: { installed: "1.1.15" },
    none: {},
  });
});

test("a bare host has nothing of Kubernetes, and nothing is made up", (t) => {
  const facts = parseFacts(sections({}), asked);
  t.is(facts.state, undefined);
  t.deepEqual(facts.kubernetes, {
    caCert: undefined,
    caKey: undefined,
    administrators: [],
    kubeletCertificate: undefined,
    kubeletVersion: undefined,
    manifests: {},
  });
  t.is(facts.packageManager, "unknown");
  t.false(facts.swapActive);
  t.deepEqual(facts.kernelFeatures, {});
});

test("without ss the kernel's own tables tell the ports", (t) => {
  const sockets = [
    "  sl  local_address rem_address   st tx_queue",
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000",
    "   1: 0100007F:1F91 0100007F:0016 01 00000000:00000000",
    "   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000",
  ].join("\n");
  t.deepEqual(parseFacts(sections({ listening: "", sockets }), asked).listening, [
    { port: 22, command: "" },
    { port: 8080, command: "" },
  ]);
});

test("an answer that is not the probe's is refused", (t) => {
  const error = t.throws(() => parseFacts(Buffer.from("sh: not found\n"), asked), { instanceOf: KbootError });
  t.is(error.code, "script");
});

test("the host's own kubelet is asked for its version, where that counts", async (t) => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "kubelet"), "#!/bin/sh\necho Kubernetes v1.37.2\n", { mode: 0o755 });
  const host = await openTestHost({ mode: "read" });
  const versionBy = async (ownKubelet: boolean) => {
    const { label, body } = probeScript({ certificatesDir, ownKubelet });
    const { stdout } = await host.run({ label, body: `PATH=${folder}:$PATH\n${body}` }, { signal });
    return parseFacts(stdout, asked).kubernetes.kubeletVersion;
  };
  t.is(await versionBy(true), "1.37.2");
  t.is(await versionBy(false), undefined);
  await host.close();
});
