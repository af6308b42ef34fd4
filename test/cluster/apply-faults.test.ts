import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { buildBundle } from "../components/build.ts";
import { type ExpectedFault, isWholeFault, type ToldFault } from "../support/whole-fault.ts";
import { kboot, type Lab, lab, labSet, labUp, onHost, readEvents, writeInventory } from "./support/lab.ts";
import { breakImage, disguiseImage } from "./support/replace-image.ts";

const set = labSet();

let hosts: Lab;
let folder: string;
let bundle: string;

test.before(async () => {
  ({ bundle } = await buildBundle());
  hosts = await labUp(set, { controlPlanes: 1, workers: 3 });
  await lab("bare", "--set", set);
  folder = await mkdtemp(join(tmpdir(), "kboot-cluster-"));
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

/** A container that fails is started again soon, so that the test need not wait for it. */
const kubelet = { failCgroupV1: false, crashLoopBackOff: { maxContainerRestartPeriod: "2s" } };

interface ApplyOptions {
  readonly from?: string;
  readonly hosts?: readonly string[];
  readonly more?: Readonly<Record<string, unknown>>;
}

async function apply({ from = bundle, hosts: members = ["cp1", "worker1"], more = {} }: ApplyOptions = {}) {
  return kboot(
    "apply",
    "-f",
    await writeInventory(hosts, { folder, bundle: from, hosts: members, more: { kubelet, ...more } }),
    "--output",
    "json",
  );
}

interface Expected extends ExpectedFault {
  readonly exitCode: number;
  /** After the step that fails began, or the run. */
  readonly mostSeconds: number;
}

/** Holds an apply that fails to what it tells, to one try of what failed, and to the time that it took. */
async function fails(t: ExecutionContext, options: ApplyOptions, { exitCode, mostSeconds, ...expected }: Expected): Promise<void> {
  const run = await apply(options);
  const events = readEvents(run.stdout);
  const last = events.at(-1);
  t.is(last?.type, "error", run.stdout.slice(-2000));
  const error = last?.["error"] as ToldFault;
  isWholeFault(t, error, expected);
  t.false(error.transient);
  t.is(run.exitCode, exitCode);
  const started = events.filter(({ type, step }) => type === "step-started" && step === expected.step);
  const failed = events.filter(({ type }) => type === "step-failed");
  t.true(started.length <= 1 && failed.length <= 1, "it was tried again");
  const seconds = (Number(last?.["at"]) - Number((started[0] ?? events[0])?.["at"])) / 1000;
  t.true(seconds < mostSeconds, `${seconds} s`);
  t.log(`${error.code} on ${error.where.host} after ${seconds.toFixed(1)} s: ${error.message}\n  hint: ${error.hint}`);
}

test("memory: a control plane that is too small is told before anything is changed", async (t) => {
  await onHost(
    hosts,
    "cp1",
    `printf 'MemTotal: 1000000 kB\\nMemFree: 500000 kB\\n' > /run/meminfo; mount --bind /run/meminfo /proc/meminfo`,
  );
  await fails(
    t,
    {},
    {
      code: "out-of-memory",
      host: "cp1",
      step: "checks",
      evidence: /cp1: the host has 977 MB of memory/,
      hint: /`free -m`/,
      exitCode: 3,
      mostSeconds: 5,
    },
  );
  await onHost(hosts, "cp1", "umount /proc/meminfo");
  t.is(await onHost(hosts, "cp1", "ls -A /etc/kubernetes 2>/dev/null || true"), "");
});

// the hosts share the clock of this machine, so that one of them is given another `date`
test("time: a host whose clock is an hour behind is told before anything is changed", async (t) => {
  await onHost(
    hosts,
    "worker1",
    `printf '#!/bin/sh\\nexec /usr/bin/date -d "1 hour ago" "$@"\\n' > /usr/local/bin/date; chmod +x /usr/local/bin/date`,
  );
  await fails(
    t,
    {},
    {
      code: "clock-skew",
      host: "worker1",
      step: "checks",
      evidence: /worker1: its clock is (3599|360[01]) s behind this machine's: certificates made elsewhere are not valid yet there/,
      hint: /on worker1: `timedatectl`/,
      exitCode: 3,
      mostSeconds: 5,
    },
  );
  await onHost(hosts, "worker1", "rm /usr/local/bin/date");
});

test("image: one that containerd cannot unpack is told with its name", async (t) => {
  const from = await breakImage(bundle, join(folder, "broken"), "registry.k8s.io/etcd:3.6.8-0");
  await fails(
    t,
    { from, hosts: ["cp1"] },
    {
      code: "image-damaged",
      host: "cp1",
      step: "images",
      evidence: /container-image:registry\.k8s\.io\/etcd:3\.6\.8-0/,
      hint: /`ctr -n k8s\.io images check`/,
      exitCode: 4,
      mostSeconds: 60,
    },
  );
});

test("API: a flag that the API server does not know is told while it is waited for", async (t) => {
  const more = { extraArgs: { apiServer: { "no-such-flag": "1" } } };
  await fails(
    t,
    { hosts: ["cp1"], more },
    {
      code: "flag-unknown",
      host: "cp1",
      step: "api",
      evidence: /unknown flag: --no-such-flag/,
      hint: /`extraArgs`/,
      exitCode: 1,
      mostSeconds: 60,
    },
  );
});

test("network plug-in: one whose pods end again and again is told with their last words", async (t) => {
  const flanneld = {
    type: "file",
    path: "opt/bin/flanneld",
    mode: 0o755,
    content: Buffer.from("#!/bin/sh\necho no interface has that address\nexit 1\n"),
  } as const;
  const [name, as] = ["ghcr.io/flannel-io/flannel:v0.26.7", "docker.io/library/busybox:1.37"];
  const from = await disguiseImage(bundle, join(folder, "disguised"), name, as, [flanneld]);
  await fails(
    t,
    { from, hosts: ["cp1"] },
    {
      code: "network-not-ready",
      host: "cp1",
      step: "network-ready",
      evidence:
        /pod kube-flannel\/kube-flannel-ds-\w+, container kube-flannel: CrashLoopBackOff after \d+ restarts: .*\n {2}no interface has that address/,
      hint: /`kubectl -n kube-flannel logs kube-flannel-ds-\w+ -c kube-flannel --previous`/,
      exitCode: 1,
      mostSeconds: 90,
    },
  );
});

test("token: one that is gone before its host has joined is told while the join is waited for", async (t) => {
  await onHost(
    hosts,
    "worker1",
    `mkdir -p /etc/systemd/system/kubelet.service.d; printf '[Service]\\nExecStartPre=/bin/sleep 5\\n' > /etc/systemd/system/kubelet.service.d/90-slow.conf`,
  );
  const kubectl = "kubectl --kubeconfig=/etc/kubernetes/admin.conf -n kube-system";
  await onHost(
    hosts,
    "cp1",
    `touch /run/no-tokens; (while [ -e /run/no-tokens ]; do ${kubectl} delete secret --field-selector type=bootstrap.kubernetes.io/token; sleep 0.2; done) > /dev/null 2>&1 < /dev/null &`,
  );
  await fails(
    t,
    {},
    {
      code: "token-expired",
      host: "worker1",
      step: "join",
      evidence: /signing request: Unauthorized/,
      hint: /`date` on both hosts/,
      exitCode: 6,
      mostSeconds: 30,
    },
  );
  await onHost(hosts, "cp1", "rm /run/no-tokens");
  await onHost(hosts, "worker1", "rm -r /etc/systemd/system/kubelet.service.d");
});

test("once all of that is put right, the next apply brings the cluster up", async (t) => {
  const run = await apply();
  t.is(run.exitCode, 0, run.stdout.slice(-2000));
  const nodes = await onHost(hosts, "cp1", "kubectl --kubeconfig=/etc/kubernetes/admin.conf get nodes --no-headers");
  t.is(nodes.match(/ Ready /g)?.length, 2, nodes);
});
