import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { PlannedPair } from "../../src/engine/plan.ts";
import { hostVersions } from "../../src/kubernetes/versions.ts";
import { issueCa, issueCertificate, type KeyAndCertificate } from "../../src/pki/issue.ts";
import { kubeletWish } from "../../src/pki/judge.ts";
import { Secret } from "../../src/secret.ts";
import { buildBundle } from "../components/build.ts";
import { kboot, type Lab, lab, labSet, labUp, onHost, readEvents, writeInventory } from "./support/lab.ts";

const set = labSet();
const pki = "/etc/kubernetes/pki";
const dayMs = 24 * 60 * 60 * 1000;
const kubectl = "kubectl --kubeconfig=/etc/kubernetes/admin.conf";

let hosts: Lab;
let folder: string;
let inventory: string;
let proxyImage: string;

test.before(async () => {
  const { bundle } = await buildBundle();
  hosts = await labUp(set, { controlPlanes: 1, workers: 3 });
  await lab("bare", "--set", set);
  folder = await mkdtemp(join(tmpdir(), "kboot-cluster-"));
  const members = ["cp1", "worker1", "worker2"];
  inventory = await writeInventory(hosts, { folder, bundle, hosts: members, moreOf: { worker1: { labels: { disk: "fast" } } } });
  const { exitCode, stderr } = await kboot("apply", "-f", inventory);
  if (exitCode !== 0) throw new Error(stderr);
  proxyImage = (await onHost(hosts, "worker1", "ctr -n k8s.io images ls -q | grep kube-proxy:")).trim();
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

/** The lines of a drift; sums, and how many lines a long text has, are left out. */
async function drift() {
  const { stdout, stderr, exitCode } = await kboot("drift", "-f", inventory);
  const lines = stdout.split("\n").filter((line) => line !== "");
  return { exitCode, stderr, lines: lines.map((line) => line.replace(/sha256[ :][0-9a-f]+/, "SUM").replace(/\+\d\d+ /, "+N ")) };
}

/** What a run would put right, as `host id`, without what only follows from that. */
function planned(stdout: string): readonly string[] {
  const event = readEvents(stdout).find(({ type }) => type === "planned");
  const plan = (event?.["plan"] ?? []) as readonly PlannedPair[];
  const own = plan.flatMap(({ host, changes }) =>
    changes.flatMap(({ id, differences }) => (differences.every(({ follows, unsure }) => follows || unsure) ? [] : [`${host} ${id}`])),
  );
  return own.sort();
}

/** The `host id` of lines of a drift, each once. */
function things(lines: readonly string[]): readonly string[] {
  return [...new Set(lines.map((line) => line.split(" ", 2).join(" ")))].sort();
}

async function readPem(path: string): Promise<string> {
  return onHost(hosts, "cp1", `cat ${path}`);
}

/** Puts a client's certificate of a control plane in place of the one that is there. */
async function swapCertificate(name: string, commonName: string, ca: KeyAndCertificate, validFor: { from: Date; days: number }) {
  const { certificatePem, key } = await issueCertificate(
    {
      commonName,
      usages: ["clientAuth"],
      dnsNames: [],
      ipAddresses: [],
      validityDays: validFor.days,
      now: validFor.from,
      algorithm: "RSA-2048",
    },
    ca,
  );
  await onHost(
    hosts,
    "cp1",
    `cat > ${pki}/${name}.crt <<'END'\n${certificatePem}END\ncat > ${pki}/${name}.key <<'END'\n${key.reveal()}END`,
  );
}

async function assertInOrder(t: ExecutionContext): Promise<void> {
  t.deepEqual(await drift(), { exitCode: 0, stderr: "", lines: [] });
}

test.serial("drift names each change that was made by hand and nothing else, and a saved plan mends just those", async (t) => {
  t.timeout(600_000);
  await assertInOrder(t);
  const other = await issueCa({ commonName: "other", validityDays: 10, now: new Date(), algorithm: "RSA-2048" });
  const etcdCa = { certificatePem: await readPem(`${pki}/etcd/ca.crt`), key: new Secret(await readPem(`${pki}/etcd/ca.key`)) };
  await swapCertificate("front-proxy-client", "front-proxy-client", other, { from: new Date(), days: 365 });
  const longAgo = new Date(Date.now() - 100.5 * dayMs);
  await swapCertificate("etcd/healthcheck-client", "kube-etcd-healthcheck-client", etcdCa, { from: longAgo, days: 60 });
  const foreign = { ...kubeletWish("worker2"), validityDays: 10, now: new Date(), algorithm: "ECDSA-P256" } as const;
  const { certificatePem, key } = await issueCertificate(foreign, other);
  const patch = JSON.stringify([{ op: "replace", path: "/spec/template/spec/priorityClassName", value: "system-cluster-critical" }]);
  await onHost(
    hosts,
    "cp1",
    `set -e
sed 's#server: .*#server: https://192.0.2.1:6443#' /etc/kubernetes/scheduler.conf > /tmp/edited
cat /tmp/edited > /etc/kubernetes/scheduler.conf
sed 's#--leader-elect=true#--leader-elect=false#' /etc/kubernetes/manifests/kube-controller-manager.yaml > /tmp/edited
cat /tmp/edited > /etc/kubernetes/manifests/kube-controller-manager.yaml
rm /tmp/edited
${kubectl} taint node cp1 node-role.kubernetes.io/control-plane:NoSchedule-
${kubectl} label node worker1 disk-
${kubectl} -n kube-system patch configmap kubelet-config --patch '{"data":{"kubelet":"kind: Wrong"}}'
${kubectl} -n kube-system patch daemonset kube-proxy --type json --patch '${patch}'
${kubectl} -n kube-system set env daemonset/kube-proxy EXTRA=yes
${kubectl} -n kube-system patch configmap kubeadm-config --patch '{"data":{"extra":"1"}}'
# last, as kubectl goes by that name
grep -v 'kept by kboot' /etc/hosts > /tmp/hosts; cat /tmp/hosts > /etc/hosts; rm /tmp/hosts`,
  );
  await onHost(
    hosts,
    "worker1",
    `set -e
echo kboot_test >> /etc/modules-load.d/kboot.conf
chmod 0600 /etc/sysctl.d/99-kboot.conf
echo 0 > /proc/sys/net/ipv4/ip_forward
printf x >> /opt/cni/bin/portmap
systemctl disable kubelet.service
sed 's#server: .*#server: https://192.0.2.1:6443#' /etc/kubernetes/kubelet.conf > /tmp/edited
cat /tmp/edited > /etc/kubernetes/kubelet.conf
rm /tmp/edited
chmod 0644 /var/lib/kubelet/pki/kubelet-client-current.pem
ctr -n k8s.io images rm ${proxyImage}`,
  );
  await onHost(
    hosts,
    "worker2",
    `set -e
systemctl stop kubelet.service
cat > /var/lib/kubelet/pki/kubelet-client-current.pem <<'END'
${certificatePem}${key.reveal()}END
chmod 0700 /etc/cni/net.d
rm /etc/sysctl.d/99-kboot.conf
touch /etc/containerd/config.toml`,
  );

  const found = await drift();
  const [node, endpoint] = ["node-role.kubernetes.io/control-plane", `api.${set}.internal`];
  const cp1 = hosts.hosts.find(({ name }) => name === "cp1")?.address;
  t.is(found.exitCode, 2, found.stderr);
  t.deepEqual(found.lines, [
    `cp1 hosts-entry:${endpoint} address absent -> ${cp1}`,
    "cp1 certificate:front-proxy-client signer signed by another CA (other)",
    "cp1 certificate:etcd-healthcheck-client expiry expired 40 days ago",
    `cp1 kubeconfig:/etc/kubernetes/scheduler.conf server https://192.0.2.1:6443 -> https://${cp1}:6443`,
    "cp1 static-pod:kube-controller-manager manifest +1 -1 lines",
    `cp1 node:cp1 taint ${node} absent -> NoSchedule`,
    "worker1 file:/etc/modules-load.d/kboot.conf content +0 -1 lines",
    "worker1 file:/etc/sysctl.d/99-kboot.conf mode 0600 -> 0644",
    "worker1 sysctl:net.ipv4.ip_forward value 0 -> 1",
    `worker1 binary:/opt/cni/bin/portmap content SUM -> cni-plugins ${hostVersions.cniPlugins}`,
    `worker1 container-image:${proxyImage} image absent -> SUM`,
    `worker1 kubeconfig:/etc/kubernetes/kubelet.conf server https://192.0.2.1:6443 -> https://${endpoint}:6443`,
    "worker1 kubeconfig:/etc/kubernetes/kubelet.conf mode of /var/lib/kubelet/pki/kubelet-client-current.pem 0644 -> 0600",
    "worker1 systemd-unit:kubelet.service enabled disabled -> enabled",
    'worker1 node:worker1 label disk absent -> "fast"',
    "worker2 file:/etc/sysctl.d/99-kboot.conf file absent",
    "worker2 directory:/etc/cni/net.d mode 0700 -> 0755",
    "worker2 systemd-unit:containerd.service restart /etc/containerd/config.toml is newer than the process",
    "worker2 node:worker2 join signer signed by another CA (other) -> joined",
    "worker2 systemd-unit:kubelet.service running inactive -> active",
    "cluster object:v1/ConfigMap/kube-system/kubeadm-config data.extra set by kubectl-patch -> absent",
    "cluster object:v1/ConfigMap/kube-system/kubelet-config data.kubelet +N -1 lines",
    "cluster object:apps/v1/DaemonSet/kube-system/kube-proxy spec.template.spec.priorityClassName system-cluster-critical -> system-node-critical",
    "cluster object:apps/v1/DaemonSet/kube-system/kube-proxy spec.template.spec.containers[kube-proxy].env[EXTRA] set by kubectl-set -> absent",
  ]);

  const plan = join(folder, "plan.json");
  const saved = await kboot("plan", "-f", inventory, "--save", plan);
  t.is(saved.exitCode, 0, saved.stderr);
  t.regex(
    saved.stdout,
    /to be interrupted:\n[\s\S]*cp1: kube-apiserver restarts \(.*front-proxy-client.crt changes\): the API does not answer/,
  );
  t.is((await stat(plan)).mode & 0o777, 0o600);

  await onHost(hosts, "worker2", "chmod 0600 /etc/modules-load.d/kboot.conf");
  const refused = await kboot("apply", plan);
  t.is(refused.exitCode, 9, refused.stderr);
  t.regex(
    refused.stderr,
    /nothing was changed\n {2}worker2: file:\/etc\/modules-load.d\/kboot.conf is not planned, and differs now\nhint: /,
  );
  await onHost(hosts, "worker2", "chmod 0644 /etc/modules-load.d/kboot.conf");
  t.deepEqual((await drift()).lines, found.lines);

  const mended = await kboot("apply", plan, "--output", "json");
  t.is(mended.exitCode, 0, mended.stderr);
  t.deepEqual(planned(mended.stdout), things(found.lines));
  await assertInOrder(t);
  const again = await kboot("apply", plan);
  t.is(again.exitCode, 9, again.stderr);
  t.regex(again.stderr, /\n {2}worker1: \S+ is planned, and is in order now\n/);
});

test.serial("a restart that was lost in a crash is seen, and done by the next run; what a stopped unit hides is no drift", async (t) => {
  t.timeout(300_000);
  // as a script that ends between a file's new name and the restart leaves it
  const rename = (path: string) => `cp -p ${path} ${path}.new && touch ${path}.new && mv ${path}.new ${path}`;
  await Promise.all([
    onHost(hosts, "cp1", rename("/etc/kubernetes/scheduler.conf")),
    onHost(hosts, "worker1", "systemctl stop containerd.service"),
    onHost(hosts, "worker2", rename("/var/lib/kubelet/config.yaml")),
  ]);
  const startOf = "systemctl show kubelet.service --property ExecMainStartTimestampMonotonic";
  const before = await onHost(hosts, "worker2", startOf);
  const found = await drift();
  t.deepEqual(found, {
    exitCode: 2,
    stderr: "",
    lines: [
      "cp1 static-pod:kube-scheduler restart /etc/kubernetes/scheduler.conf is newer than the process",
      "worker1 systemd-unit:containerd.service running inactive -> active",
      "worker2 systemd-unit:kubelet.service restart /var/lib/kubelet/config.yaml is newer than the process",
    ],
  });
  const mended = await kboot("apply", "-f", inventory, "--output", "json");
  t.is(mended.exitCode, 0, mended.stderr);
  t.deepEqual(planned(mended.stdout), things(found.lines));
  t.not(await onHost(hosts, "worker2", startOf), before);
  const waits = readEvents(mended.stdout).filter(({ type, step }) => type === "step-finished" && step === "node-ready");
  t.deepEqual(waits.map(({ host }) => host).sort(), ["worker1", "worker2"]);
  await assertInOrder(t);
});

test.serial("where not all can be compared, drift says why, by its exit code too", async (t) => {
  const down = "mv /etc/kubernetes/manifests/kube-apiserver.yaml /root/ && while ss -Hltn 'sport = :6443' | grep -q .; do sleep 1; done";
  await onHost(hosts, "cp1", down);
  try {
    const { stdout, stderr, exitCode } = await kboot("drift", "-f", inventory, "--limit", "cp1", "--output", "json");
    t.is(exitCode, 6, stderr);
    const { differences, error } = JSON.parse(stdout) as { differences: { id: string; what: string }[]; error: { code: string } };
    t.deepEqual(
      differences.map(({ id, what }) => `${id} ${what}`),
      ["static-pod:kube-apiserver manifest"],
    );
    t.is(error.code, "api");
  } finally {
    await onHost(hosts, "cp1", "mv /root/kube-apiserver.yaml /etc/kubernetes/manifests/");
  }
});
