import { X509Certificate } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { stringify } from "yaml";
import { buildBundle } from "../components/build.ts";
import { type Door, serveFolder } from "./support/doors.ts";
import { buildExe, installProgram, runOnHost } from "./support/exe.ts";
import { containerSettings, type Lab, lab, labSet, labUp, onHost } from "./support/lab.ts";
import { listFiles } from "./support/observe.ts";

// The single executable on bare machines, as a user of kubeadm would go about it: init, the printed line, token, reset.

const kubectl = "kubectl --kubeconfig=/etc/kubernetes/admin.conf";

let hosts: Lab;
let folder: string;
let mirror: Door;
let built: Awaited<ReturnType<typeof buildBundle>>;
/** As init printed it. */
let line: string;

const address = (name: string) => hosts.hosts.find((host) => host.name === name)?.address ?? "";
const source = () => `--source http://${mirror.address}/`;
const init = () =>
  `kboot init --config /root/config.yaml --apiserver-bind-port 7443 --cert-dir /srv/kubernetes/pki --cri-socket /run/containerd/containerd.sock ${source()}`;

test.before(async () => {
  built = await buildBundle({ kubernetes: "1.36.3" });
  folder = await mkdtemp(join(tmpdir(), "kboot-machine-"));
  const exe = await buildExe(folder);
  hosts = await labUp(labSet(), { controlPlanes: 1, workers: 3 });
  await lab("bare", "--set", labSet());
  mirror = await serveFolder(hosts.gateway, built.bundle);
  for (const name of ["cp1", "worker1", "worker2"]) await installProgram(hosts, name, "/usr/local/bin/kboot", exe);
});
test.after.always(async () => {
  mirror?.stop();
  await rm(folder, { recursive: true, force: true });
});

const run = (host: string, command: string) => runOnHost(hosts, host, command);

/** What a join could leave behind. */
async function traces(host: string) {
  const paths = [
    "/etc/kubernetes",
    "/etc/containerd",
    "/etc/hosts",
    "/etc/systemd/system",
    "/var/lib/kubelet",
    "/var/lib/kboot",
    "/opt/cni",
    "/srv",
    "/usr/local",
  ];
  return [...(await listFiles(hosts, host, paths))].sort();
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
  const config = [settings, kubelet, proxy, cluster].map((document) => stringify(document)).join("---\n");
  await onHost(hosts, "cp1", `cat > /root/config.yaml <<'EOF'\n${config}EOF`);
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
});

test.serial("a machine that cannot join is told why, and is as it was before", async (t) => {
  const before = await traces("worker2");
  const [, endpoint = "", token = "", hash = ""] = /join (\S+) --token (\S+) --discovery-token-ca-cert-hash (\S+)/.exec(line) ?? [];
  const joinWith = (change: { endpoint?: string; token?: string; hash?: string }, more = "") =>
    run(
      "worker2",
      `kboot join ${change.endpoint ?? endpoint} --token ${change.token ?? token} --discovery-token-ca-cert-hash ${change.hash ?? hash} ${source()} ${more}`,
    );
  await onHost(hosts, "cp1", `kboot token create zzzzzz.0123456789abcdef --ttl 1s && sleep 2`);
  await onHost(
    hosts,
    "worker2",
    "cat > /root/config.yaml <<'EOF'\napiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\ntimeouts: { discovery: 2s }\ndiscovery: { bootstrapToken: { token: abcdef.0123456789abcdef, apiServerEndpoint: '127.0.0.1:9', unsafeSkipCAVerification: true } }\nEOF",
  );
  const faults = [
    { what: await joinWith({ token: `${token.slice(0, 7)}aaaaaaaaaaaaaaaa` }), says: /not signed by the token/ },
    { what: await joinWith({ token: "zzzzzz.0123456789abcdef" }), says: /does not know the token zzzzzz/ },
    { what: await joinWith({ hash: `sha256:${"0".repeat(64)}` }), says: /CA of the cluster .* is not the expected one/ },
    { what: await run("worker2", "kboot join --config /root/config.yaml"), says: /127\.0\.0\.1:9/ },
    { what: await joinWith({}, "--node-name cp1"), says: /cp1 is the name of a control plane/ },
    { what: await joinWith({}, "--ignore-preflight-errors Swop"), says: /there is no check Swop/ },
    { what: await joinWith({}, "--skip-phases kubelet-begin"), says: /has no phase kubelet-begin/ },
  ];
  for (const { what, says } of faults) {
    t.regex(what.text, says);
    t.regex(what.text, /^hint: ./m);
    t.not(what.exitCode, 0);
    t.false(what.text.includes(token), what.text);
  }
  const port = await run(
    "worker2",
    `perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 10250, Listen => 1, ReuseAddr => 1); sleep 60' &\nlistener=$!\nsleep 1\n${line} ${source()}\nexitCode=$?\nkill $listener\n(exit $exitCode)`,
  );
  t.not(port.exitCode, 0, port.text);
  t.regex(port.text, /port 10250, which kubelet needs, is used by perl/);
  t.deepEqual(await traces("worker2"), before);
});

test.serial("the printed line makes workers of machines, and no process shows the token", async (t) => {
  const token = /--token (\S+)/.exec(line)?.[1] ?? "";
  const watch = `seen=0; for round in $(seq 1 400); do sleep 0.05; for file in /proc/[0-9]*/cmdline; do
  tr '\\0' ' ' < $file 2>/dev/null | grep -v 'bash -c\\|grep\\|sudo' | grep -q "kboot.*${token.slice(7)}" && seen=$((seen + 1)); done; [ -e /root/joined ] && break; done; echo "seen $seen"`;
  const [first, second, watched] = await Promise.all([
    run("worker1", `${line} ${source()}`),
    run("worker2", `sleep 0.5; ${line} ${source()}; code=$?; touch /root/joined; (exit $code)`),
    onHost(hosts, "worker2", watch),
  ]);
  t.is(first.exitCode, 0, first.text);
  t.is(second.exitCode, 0, second.text);
  t.regex(first.text, /worker1 has joined the cluster and is Ready/);
  // the program hides its line as soon as it runs; what a sample in its first milliseconds may see is its own start
  t.true(Number(/seen (\d+)/.exec(watched)?.[1] ?? "99") <= 4, watched);
  const nodes = await onHost(hosts, "cp1", `${kubectl} get nodes --no-headers`);
  t.is([...nodes.matchAll(/^\S+ +Ready /gm)].length, 3, nodes);
  const again = await run("worker1", `${line} ${source()}`);
  t.is(again.exitCode, 0, again.text);
  t.regex(again.text, /nothing had to be changed/);
  const taken = await run("worker2", `${line} ${source()} --node-name worker1`);
  t.not(taken.exitCode, 0, taken.text);
  t.regex(taken.text, /this machine is the node worker2 already/);
});

test.serial("kubeadm reads what kboot made, and both list the same tokens", async (t) => {
  await installProgram(hosts, "cp1", "/root/kubeadm", built.kubeadm);
  const [theirs, ours] = await Promise.all([
    onHost(hosts, "cp1", "/root/kubeadm token list 2> /dev/null"),
    onHost(hosts, "cp1", "kboot token list"),
  ]);
  t.is(ours, theirs);
  const certificates = await onHost(hosts, "cp1", "/root/kubeadm certs check-expiration 2> /dev/null");
  t.false(certificates.includes("MISSING"), certificates);
  // lines in brackets are about how the configuration was read
  const tables = (text: string) => text.split("\n").filter((one) => !one.startsWith("["));
  t.deepEqual(tables(await onHost(hosts, "cp1", "kboot certs check-expiration 2> /dev/null")), tables(certificates));
  const pem = await onHost(hosts, "cp1", "cat /srv/kubernetes/pki/apiserver.crt");
  t.true(new X509Certificate(pem).subjectAltName?.includes("api.example.com"));
});

test.serial("the line can be had again, for either program", async (t) => {
  const lineFor = (more: string) => onHost(hosts, "cp1", `kboot token create --print-join-command ${more}`);
  t.regex(await lineFor(""), new RegExp(`^kboot join ${address("cp1")}:7443 --token `));
  t.regex(await lineFor("--for kubeadm"), new RegExp(`^kubeadm join ${address("cp1")}:7443 --token `));
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
});
