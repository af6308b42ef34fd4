import { X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { parse, stringify } from "yaml";
import { issueCa, issueCertificate } from "../../src/pki/issue.ts";
import { kubeletWish } from "../../src/pki/judge.ts";
import { kubeletClientPem } from "../../src/pki/kubeconfig.ts";
import { Secret } from "../../src/secret.ts";
import { buildBundle } from "../components/build.ts";
import { type Door, serveFolder } from "./support/doors.ts";
import { buildExe, installProgram, runOnHost } from "./support/exe.ts";
import { containerSettings, kboot, type Lab, lab, labSet, labUp, onHost } from "./support/lab.ts";
import { argumentsOf, installFish, pasteInto, shells } from "./support/shells.ts";
import { signElsewhere } from "./support/sign-elsewhere.ts";
import { compareLooks, snapshot } from "./support/snapshot.ts";
import { type Sighting, watchHost, watchProcess } from "./support/watch-for-secrets.ts";

// The single executable on bare machines, as a user of kubeadm would go about it: init, the printed line, token, reset.

const kubectl = "kubectl --kubeconfig=/etc/kubernetes/admin.conf";

let hosts: Lab;
let folder: string;
let mirror: Door;
/** Of a newer Kubernetes. */
let newerMirror: Door;
let built: Awaited<ReturnType<typeof buildBundle>>;
let newer: Awaited<ReturnType<typeof buildBundle>>;
/** What init is told on a machine. */
let config: string;
/** As init printed it. */
let line: string;

const address = (name: string) => hosts.hosts.find((host) => host.name === name)?.address ?? "";
const source = () => `--source http://${mirror.address}/`;
const init = () =>
  `kboot init --config /root/config.yaml --apiserver-bind-port 7443 --cert-dir /srv/kubernetes/pki --cri-socket /run/containerd/containerd.sock --patches /root/patches ${source()}`;

/** Writes files of patches on a host. */
const writePatches = (host: string, files: Readonly<Record<string, string>>) =>
  onHost(
    hosts,
    host,
    `mkdir -p /root/patches\n${Object.entries(files)
      .map(([name, text]) => `cat > /root/patches/${name} <<'EOF'\n${text}\nEOF`)
      .join("\n")}`,
  );

test.before(async () => {
  built = await buildBundle({ kubernetes: "1.36.3" });
  newer = await buildBundle({ kubernetes: "1.37.2" });
  folder = await mkdtemp(join(tmpdir(), "kboot-machine-"));
  const exe = await buildExe(folder);
  hosts = await labUp(labSet(), { controlPlanes: 1, workers: 3 });
  await lab("bare", "--set", labSet());
  mirror = await serveFolder(hosts.gateway, built.bundle);
  newerMirror = await serveFolder(hosts.gateway, newer.bundle);
  for (const name of ["cp1", "worker1", "worker2"]) await installProgram(hosts, name, "/usr/local/bin/kboot", exe);
});
test.after.always(async () => {
  mirror?.stop();
  newerMirror?.stop();
  await rm(folder, { recursive: true, force: true });
});

const run = (host: string, command: string) => runOnHost(hosts, host, command);

/** Parts of the printed line. */
function partsOf(printed: string): { readonly endpoint: string; readonly token: string; readonly hash: string } {
  const [, endpoint = "", token = "", hash = ""] = /join (\S+) --token (\S+) --discovery-token-ca-cert-hash (\S+)/.exec(printed) ?? [];
  return { endpoint, token, hash };
}

/** Data of a ConfigMap. */
async function dataOf(name: string, namespace: string): Promise<Record<string, string>> {
  return (
    JSON.parse(await onHost(hosts, "cp1", `${kubectl} -n ${namespace} get configmap ${name} -o json`)) as { data: Record<string, string> }
  ).data;
}

function change(name: string, namespace: string, data: Readonly<Record<string, string>>): Promise<string> {
  const patch = JSON.stringify({ data });
  return onHost(
    hosts,
    "cp1",
    `cat > /root/patch.json <<'EOF'\n${patch}\nEOF\n${kubectl} -n ${namespace} patch configmap ${name} --type merge --patch-file /root/patch.json`,
  );
}

/** Runs with a ConfigMap's data changed, and waits until it is again what it was: also what its controllers write into it. */
async function withChanged<T>(
  name: string,
  namespace: string,
  data: Readonly<Record<string, string>>,
  action: () => Promise<T>,
): Promise<T> {
  const before = await dataOf(name, namespace);
  await change(name, namespace, data);
  try {
    return await action();
  } finally {
    await change(name, namespace, before);
    while (JSON.stringify(await dataOf(name, namespace)) !== JSON.stringify(before)) await sleep(500);
  }
}

/** What the cluster says that it is, as an inventory of the operator's, with one worker more. */
async function inventoryWith(worker: string): Promise<string> {
  const cluster = parse((await dataOf("kboot-config", "kube-system"))["inventory.yaml"] ?? "");
  cluster.spec.ssh = { user: hosts.user, identityFiles: [hosts.identityFile], knownHostsFile: hosts.knownHosts };
  cluster.spec.sources = [{ mirror: `http://${mirror.address}/` }];
  cluster.spec.hosts = [
    { ...cluster.spec.hosts[0], address: address("cp1"), ssh: undefined },
    { name: worker, role: "worker", address: address(worker) },
  ];
  const file = join(folder, "kboot.yaml");
  await writeFile(file, stringify(cluster));
  return file;
}

interface Fault {
  readonly exitCode: number;
  readonly text: string;
}

/** Lines about a host, but for kboot's own: its log, which says what was tried, and its cache. */
async function look(host: string): Promise<readonly string[]> {
  return (await snapshot(hosts, host)).filter((one) => !/^(\/var\/log\/kboot|\/root\/\.cache)/.test(one));
}

test.serial("init on a bare machine makes a cluster of it, and says how to go on", async (t) => {
  const settings = {
    apiVersion: "kboot.dev/v1alpha1",
    kind: "Cluster",
    spec: { network: { plugin: "flannel" }, containerd: containerSettings.containerd },
  };
  const kubelet = { apiVersion: "kubelet.config.k8s.io/v1beta1", kind: "KubeletConfiguration", ...containerSettings.kubelet };
  const proxy = { apiVersion: "kubeproxy.config.k8s.io/v1alpha1", kind: "KubeProxyConfiguration", ...containerSettings.kubeProxy };
  const cluster = {
    apiVersion: "kubeadm.k8s.io/v1beta4",
    kind: "ClusterConfiguration",
    kubernetesVersion: "v1.36.3",
    apiServer: { certSANs: ["api.example.com"] },
  };
  config = [settings, kubelet, proxy, cluster].map((document) => stringify(document)).join("---\n");
  await onHost(hosts, "cp1", `cat > /root/config.yaml <<'EOF'\n${config}EOF`);
  await writePatches("cp1", {
    "kube-apiserver.yaml": 'metadata: { annotations: { example.com/owner: "ada" } }',
    "kubeletconfiguration+merge.yaml": "maxPods: 77",
  });
  const refused = await run("cp1", `${init()} --service-cidr 10.96.0.0`);
  t.is(refused.exitCode, 64, refused.text);
  t.regex(refused.text, /^--service-cidr: /);
  const { exitCode, text } = await run("cp1", `${init()} --token-ttl 1h`);
  t.is(exitCode, 0, text);
  for (const part of [
    "mkdir -p $HOME/.kube",
    "sudo cp -i /etc/kubernetes/admin.conf $HOME/.kube/config",
    "export KUBECONFIG=/etc/kubernetes/admin.conf",
  ]) {
    t.true(text.includes(part), part);
  }
  line = /^kboot join .+$/m.exec(text)?.[0] ?? "";
  t.regex(line, new RegExp(`^kboot join ${address("cp1")}:7443 --token \\S+ --discovery-token-ca-cert-hash sha256:[0-9a-f]{64}$`));
  const again = await run("cp1", `${init()} --token-ttl 1h`);
  t.is(again.exitCode, 0, again.text);
  t.regex(again.text, /nothing had to be changed/);
  t.true(again.text.includes(line), "the token is kept");
  const patched = "-o jsonpath='{.metadata.annotations.example\\.com/owner} {.status.capacity.pods}'";
  t.is(await onHost(hosts, "cp1", `${kubectl} -n kube-system get pod kube-apiserver-cp1 ${patched}`), "ada ");
  t.is(await onHost(hosts, "cp1", `${kubectl} get node cp1 ${patched}`), " 77");
});

test.serial("a machine that cannot join is told why, and is as it was before", async (t) => {
  const { endpoint, token, hash } = partsOf(line);
  const joinWith = (other: { endpoint?: string; token?: string; hash?: string }, more = "", from = source()): Promise<Fault> =>
    run(
      "worker2",
      `kboot join ${other.endpoint ?? endpoint} --token ${other.token ?? token} --discovery-token-ca-cert-hash ${other.hash ?? hash} ${from} ${more}`,
    );
  await onHost(hosts, "cp1", `kboot token create zzzzzz.0123456789abcdef --ttl 1s && sleep 2`);
  await onHost(
    hosts,
    "worker2",
    "cat > /root/config.yaml <<'EOF'\napiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\ntimeouts: { discovery: 2s }\ndiscovery: { bootstrapToken: { token: abcdef.0123456789abcdef, apiServerEndpoint: '127.0.0.1:9', unsafeSkipCAVerification: true } }\nEOF",
  );
  await installProgram(hosts, "worker2", "/usr/bin/kubelet", newer.kubeadm);
  const { kubeconfig = "" } = await dataOf("cluster-info", "kube-public");
  const { certificatePem } = await issueCa({ commonName: "kubernetes", validityDays: 1, now: new Date(), algorithm: "ECDSA-P256" });
  const otherCa = kubeconfig.replace(
    /certificate-authority-data: \S+/,
    `certificate-authority-data: ${Buffer.from(certificatePem).toString("base64")}`,
  );
  const { "inventory.yaml": inventory = "" } = await dataOf("kboot-config", "kube-system");
  const ownKubelet = parse(inventory);
  ownKubelet.spec.hosts.push({ name: "worker2", role: "worker", address: "worker2", kubernetes: { from: "host" } });
  const withInventory = (text: string) => withChanged("kboot-config", "kube-system", { "inventory.yaml": text }, () => joinWith({}));

  const before = await look("worker2");
  const faults: readonly { what: Fault; says: RegExp; exitCode: number }[] = [
    { what: await joinWith({ token: `${token.slice(0, 7)}aaaaaaaaaaaaaaaa` }), says: /not signed by the token/, exitCode: 6 },
    { what: await joinWith({ token: "zzzzzz.0123456789abcdef" }), says: /does not know the token zzzzzz/, exitCode: 6 },
    { what: await joinWith({ hash: `sha256:${"0".repeat(64)}` }), says: /CA of the cluster .* is not the expected one/, exitCode: 6 },
    { what: await run("worker2", "kboot join --config /root/config.yaml"), says: /127\.0\.0\.1:9/, exitCode: 6 },
    { what: await joinWith({}, "--node-name cp1"), says: /cp1 is the name of a control plane/, exitCode: 64 },
    { what: await joinWith({}, "--ignore-preflight-errors Swop"), says: /there is no check Swop/, exitCode: 64 },
    { what: await joinWith({}, "--skip-phases kubelet-begin"), says: /has no phase kubelet-begin/, exitCode: 64 },
    // whoever can write cluster-info, but does not know the token: the controller that would sign it stands still
    {
      what: await (async () => {
        await onHost(hosts, "cp1", "kill -STOP $(pgrep -f ^kube-controller-manager)");
        try {
          return await withChanged(
            "cluster-info",
            "kube-public",
            { kubeconfig: kubeconfig.replace(/server: .*/, "server: https://192.0.2.9:6443") },
            () => joinWith({}),
          );
        } finally {
          await onHost(hosts, "cp1", "kill -CONT $(pgrep -f ^kube-controller-manager)");
        }
      })(),
      says: /is not signed by the token \S+; its CA is the expected one[\s\S]*somebody has changed cluster-info/,
      exitCode: 6,
    },
    // the controller signs it, so that the hash alone tells
    {
      what: await withChanged("cluster-info", "kube-public", { kubeconfig: otherCa }, async () => {
        const stale = (await dataOf("cluster-info", "kube-public"))[`jws-kubeconfig-${token.slice(0, 6)}`];
        t.truthy(stale);
        await sleep(1000);
        return joinWith({});
      }),
      says: /CA of the cluster .* is not the expected one/,
      exitCode: 6,
    },
    { what: await joinWith({}, "", `--source http://${newerMirror.address}/`), says: /no source has .*1\.36\.3/, exitCode: 4 },
    {
      what: await withInventory(inventory.replace("kubernetesVersion: 1.36.3", "kubernetesVersion: 1.37.2")),
      says: /a kubelet of 1\.37\.2 is newer than the API server, 1\.36\.3/,
      exitCode: 6,
    },
    {
      what: await withInventory(stringify(ownKubelet)),
      says: /a kubelet of 1\.37\.2 is newer than the API server, 1\.36\.3.*kubelet-version/,
      exitCode: 3,
    },
    {
      what: await run(
        "worker2",
        `perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 10250, Listen => 1, ReuseAddr => 1); sleep 60' &\nlistener=$!\nsleep 1\n${line} ${source()}\nexitCode=$?\nkill $listener\n(exit $exitCode)`,
      ),
      says: /port 10250, which kubelet needs, is used by perl/,
      exitCode: 3,
    },
  ];
  const isTold = ({ what: { text, exitCode }, says, exitCode: wanted }: (typeof faults)[number]) =>
    exitCode === wanted && says.test(text) && /^hint: ./m.test(text) && !text.includes(token);
  t.deepEqual(
    faults.filter((fault) => !isTold(fault)),
    [],
  );
  t.deepEqual(compareLooks(before, await look("worker2")), []);
  await onHost(hosts, "worker2", "rm /usr/bin/kubelet");
});

test.serial("the printed line makes workers of machines, and so does the operator's machine; no process shows a token", async (t) => {
  const { token } = partsOf(line);
  await installFish(hosts, "worker1");
  const inventory = await inventoryWith("worker3");
  const names = hosts.hosts.map(({ name }) => name);
  const watches = await Promise.all(names.map((name) => watchHost(hosts, name, [token.slice(7)])));
  await sleep(500);
  const afar = kboot("join", "--inventory", inventory);
  const watchAfar = await watchProcess(afar.pid ?? 0);
  // one by fish on a terminal, one by dash
  const [first, second, third] = await Promise.all([
    pasteInto(hosts, "worker1", "fish -i", `${line} ${source()}`),
    run("worker2", `${line} ${source()}`),
    afar,
  ]);
  const [own, ...watched] = await Promise.all([watchAfar.end(), ...watches.map((watch) => watch.end())]);
  t.is(first.exitCode, 0, first.text);
  t.is(second.exitCode, 0, second.text);
  t.is(third.exitCode, 0, third.stderr);
  t.regex(first.text, /worker1 has joined the cluster and is Ready/);
  for (const [index, { samples, sightings }] of [own, ...watched].entries()) {
    const where = ["operator", ...names][index] ?? "";
    t.log(`${where}: ${samples} samples, ${JSON.stringify(sightings)}`);
    t.true(samples > 20, where);
    const isStart = (one: Sighting) => one.name === "kboot" && one.where === "cmdline" && one.parent !== "kboot";
    t.deepEqual(
      sightings.filter((one) => !isStart(one)),
      [],
      where,
    );
    // the program hides its line as its first act: what is seen before is its own start, and nothing after it
    for (const { again, clean, cpuMs } of sightings) {
      t.is(again, 0, where);
      t.true(clean > 20, where);
      t.true(cpuMs <= 500, `${where}: ${cpuMs} ms`);
    }
    t.true(sightings.length <= (where === "worker1" || where === "worker2" ? 1 : 0), where);
  }
  const nodes = await onHost(hosts, "cp1", `${kubectl} get nodes --no-headers`);
  t.is([...nodes.matchAll(/^\S+ +Ready /gm)].length, 4, nodes);
  const again = await run("worker1", `${line} ${source()}`);
  t.is(again.exitCode, 0, again.text);
  t.regex(again.text, /nothing had to be changed/);
  const taken = await run("worker2", `${line} ${source()} --node-name worker1`);
  t.is(taken.exitCode, 3, taken.text);
  t.regex(taken.text, /this machine is the node worker2 already/);
});

test.serial("a worker whose certificate is over joins anew by the same line", async (t) => {
  const [certificate, key] = await Promise.all(["crt", "key"].map((end) => onHost(hosts, "cp1", `cat /srv/kubernetes/pki/ca.${end}`)));
  const tenDaysAgo = new Date(Date.now() - 10 * 24 * 60 * 60 * 1000);
  const wish = { ...kubeletWish("worker1"), validityDays: 1, now: tenDaysAgo, algorithm: "ECDSA-P256" } as const;
  const over = await issueCertificate(wish, { certificatePem: certificate ?? "", key: new Secret(key ?? "") });
  const pem = `${over.certificatePem}${over.key.reveal()}`;
  await onHost(hosts, "worker1", `cat > ${kubeletClientPem} <<'EOF'\n${pem}EOF\nsystemctl restart kubelet`);
  const { exitCode, text } = await run("worker1", `${line} ${source()}`);
  t.is(exitCode, 0, text);
  t.regex(text, /worker1 has joined the cluster and is Ready/);
  const found = new X509Certificate(await onHost(hosts, "worker1", `cat ${kubeletClientPem}`));
  t.true(found.validToDate.getTime() > Date.now());
});

test.serial("kubeadm reads what kboot made, and both list the same tokens", async (t) => {
  await installProgram(hosts, "cp1", "/root/kubeadm", built.kubeadm);
  const [theirs, ours] = await Promise.all([
    onHost(hosts, "cp1", "/root/kubeadm token list 2> /dev/null"),
    onHost(hosts, "cp1", "kboot token list"),
  ]);
  t.is(ours, theirs);
  // kubeadm takes its usual directory unless it is told, whatever kubeadm-config says
  const certificates = await onHost(hosts, "cp1", "/root/kubeadm certs check-expiration --cert-dir /srv/kubernetes/pki 2> /dev/null");
  t.false(certificates.includes("MISSING"), certificates);
  // lines in brackets are about how the configuration was read
  const tables = (text: string) => text.split("\n").filter((one) => !one.startsWith("["));
  t.deepEqual(tables(await onHost(hosts, "cp1", "kboot certs check-expiration 2> /dev/null")), tables(certificates));
  const pem = await onHost(hosts, "cp1", "cat /srv/kubernetes/pki/apiserver.crt");
  t.true(new X509Certificate(pem).subjectAltName?.includes("api.example.com"));
});

test.serial("the line can be had again, for either program, and each shell hands its words on as they are", async (t) => {
  const lineFor = async (more: string) => (await onHost(hosts, "cp1", `kboot token create --print-join-command ${more}`)).trimEnd();
  const lines = [line, await lineFor(""), await lineFor("--for kubeadm")];
  t.regex(lines[1] ?? "", new RegExp(`^kboot join ${address("cp1")}:7443 --token `));
  t.regex(lines[2] ?? "", new RegExp(`^kubeadm join ${address("cp1")}:7443 --token `));
  for (const one of lines) {
    const [, ...words] = one.split(" ");
    for (const shell of shells) t.deepEqual(await argumentsOf(hosts, "worker1", shell, one), words, shell);
  }
});

test.serial("reset on a machine takes away what was made there", async (t) => {
  const elsewhere = await run("worker2", "kboot reset --yes --cert-dir /etc/kubernetes/pki");
  t.is(elsewhere.exitCode, 64, elsewhere.text);
  t.regex(elsewhere.text, /^--cert-dir: certificates of this cluster are in \/srv\/kubernetes\/pki, not in /m);
  const { exitCode, text } = await run("worker2", "kboot reset --yes --cert-dir /srv/kubernetes/pki");
  t.is(exitCode, 0, text);
  t.regex(text, /next: on a control plane: kubectl delete node worker2/);
  const left = await onHost(
    hosts,
    "worker2",
    "ls -d /etc/kubernetes /srv/kubernetes /var/lib/kubelet /var/lib/kboot /etc/containerd 2>&1 || true",
  );
  t.is([...left.matchAll(/No such file/g)].length, 5, left);
  const nothing = await run("worker2", "kboot reset --yes");
  t.is(nothing.exitCode, 64, nothing.text);
  t.regex(nothing.text, /nothing of kboot's is on this machine/);

  const before = await look("worker2");
  const taken = await run("worker2", `${line} ${source()} --node-name worker1`);
  t.is(taken.exitCode, 3, taken.text);
  t.regex(taken.text, /the cluster has a node worker1 already, which is Ready/);
  t.regex(taken.text, /^hint: .*--node-name, or remove that node first: kubectl delete node worker1/m);
  t.deepEqual(compareLooks(before, await look("worker2")), []);
});

test.serial("init takes certificates of a CA whose key is elsewhere, and renews none of them", async (t) => {
  await onHost(hosts, "worker2", `cat > /root/config.yaml <<'EOF'\n${config}EOF`);
  const [, , , cluster = ""] = config.split("---\n");
  await onHost(hosts, "worker2", `cat > /root/cluster.yaml <<'EOF'\n${cluster}EOF`);
  const asked = await run(
    "worker2",
    "kboot certs generate-csr --config /root/cluster.yaml --cert-dir /etc/kubernetes/pki --kubeconfig-dir /etc/kubernetes",
  );
  t.is(asked.exitCode, 0, asked.text);
  await signElsewhere(hosts, "worker2", join(folder, "elsewhere"));
  await onHost(hosts, "worker2", "mv /etc/kubernetes/pki/etcd/peer.crt /root");
  const without = await run("worker2", `kboot init --config /root/config.yaml ${source()}`);
  t.is(without.exitCode, 3, without.text);
  t.regex(without.text, /\/etc\/kubernetes\/pki\/etcd\/peer\.crt/);
  t.regex(without.text, /kboot certs generate-csr/);
  await onHost(hosts, "worker2", "mv /root/peer.crt /etc/kubernetes/pki/etcd");
  for (const says of [/export KUBECONFIG=/, /nothing had to be changed/]) {
    const { exitCode, text } = await run("worker2", `kboot init --config /root/config.yaml ${source()}`);
    t.is(exitCode, 0, text);
    t.regex(text, says);
  }
  await installProgram(hosts, "worker2", "/root/kubeadm", built.kubeadm);
  const expiration = (program: string) => onHost(hosts, "worker2", `${program} certs check-expiration 2> /dev/null | grep -v '^\\['`);
  const theirs = await expiration("/root/kubeadm");
  t.is(await expiration("kboot"), theirs);
  t.is([...theirs.matchAll(/ yes *$/gm)].length, 14, theirs);
  const before = await onHost(hosts, "worker2", "sha256sum $(find /etc/kubernetes -type f)");
  const renewed = await run("worker2", "kboot certs renew all");
  t.is(renewed.exitCode, 0, renewed.text);
  t.is(await onHost(hosts, "worker2", "sha256sum $(find /etc/kubernetes -type f)"), before);
});
