import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { kboot } from "../../support/kboot.ts";
import { compare } from "../../support/kubeadm.ts";

const older = "apiVersion: kubeadm.k8s.io/v1beta3\nkind:";
const newer = "apiVersion: kubeadm.k8s.io/v1beta4\nkind:";
const byToken = "{token: abcdef.0123456789abcdef, apiServerEndpoint: a:6443, unsafeSkipCAVerification: true}";

const files: Readonly<Record<string, string>> = {
  "a cluster of v1beta3": `${older} InitConfiguration
bootstrapTokens: [{token: abcdef.0123456789abcdef, ttl: 90s, description: "12"}]
nodeRegistration:
  kubeletExtraArgs: {node-labels: a=b, cgroup-driver: systemd}
  ignorePreflightErrors: [Swap]
  criSocket: /run/containerd/containerd.sock
skipPhases: [addon/kube-proxy]
---
${older} ClusterConfiguration
kubernetesVersion: 1.36.3
controlPlaneEndpoint: api.example.com
apiServer:
  timeoutForControlPlane: 5m0s
  certSANs: [API.example.com]
  extraArgs: {v: "2", authorization-mode: Node}
  extraVolumes: [{name: a, hostPath: /a, mountPath: /b, readOnly: false, pathType: ""}]
etcd: {local: {extraArgs: {z: "1", a: "2"}}}
networking: {podSubnet: 10.244.0.0/16}
`,
  "etcd of others in v1beta3": `${older} InitConfiguration
bootstrapTokens: [{token: abcdef.0123456789abcdef}]
---
${older} ClusterConfiguration
kubernetesVersion: v1.36.3
apiServer: {timeoutForControlPlane: 4m0s}
etcd: {external: {endpoints: [https://10.0.0.1:2379], caFile: /a, certFile: /b, keyFile: /c}}
`,
  "a worker of v1beta3": `${older} JoinConfiguration\ndiscovery: {timeout: 7m, bootstrapToken: ${byToken}}\nnodeRegistration: {taints: [{key: a, effect: NoExecute}]}\n`,
  "a control plane that joins": `${newer} JoinConfiguration\ndiscovery: {bootstrapToken: ${byToken}}\ncontrolPlane: {certificateKey: ${"ab".repeat(32)}}\n`,
  "a whole cluster of v1beta4": `${newer} InitConfiguration
dryRun: false
certificateKey: ${"ab".repeat(32)}
bootstrapTokens: [{token: abcdef.0123456789abcdef, usages: [authentication], groups: []}]
nodeRegistration: {name: cp1, taints: [], imagePullSerial: false, kubeletExtraArgs: [{name: b, value: ""}, {name: a, value: "1"}]}
localAPIEndpoint: {advertiseAddress: 10.0.0.9, bindPort: 443}
patches: {directory: /p}
timeouts: {controlPlaneComponentHealthCheck: 1h}
---
${newer} ClusterConfiguration
kubernetesVersion: v1.36.3
dns: {disabled: true}
proxy: {disabled: false}
encryptionAlgorithm: ECDSA-P256
certificateValidityPeriod: 100h
controlPlaneEndpoint: 10.0.0.10:7443
scheduler: {extraEnvs: [{name: A, value: "true"}]}
featureGates: {RootlessControlPlane: false}
`,
  "a reset": `${newer} ResetConfiguration\nforce: false\ncleanupTmpDir: true\nunmountFlags: [MNT_FORCE]\n`,
};

async function write(text: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "kboot-migrate-")), "old.yaml");
  await writeFile(file, text);
  return file;
}

for (const [title, text] of Object.entries(files)) {
  compare(`kubeadm migrates to the same: ${title}`, async (t, kubeadm) => {
    const file = await write(text);
    const theirs = await kubeadm("config", "migrate", "--old-config", file);
    t.is(theirs.exitCode, 0, theirs.stderr);
    // kubeadm loses this one on the way from v1beta4 to v1beta4 (v1.36.3)
    const wanted = theirs.stdout.replace("controlPlaneComponentHealthCheck: 0s", "controlPlaneComponentHealthCheck: 1h0m0s");
    t.is((await kboot("config", "migrate", "--old-config", file)).stdout, wanted);
  });
}

test("documents of other components are kept, and an upgrade is migrated too", async (t) => {
  const kubelet = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nmaxPods: 50\nfoo: ""\n';
  const { stdout, exitCode } = await kboot(
    "config",
    "migrate",
    "--old-config",
    await write(`${kubelet}---\n${newer} UpgradeConfiguration\n`),
  );
  t.is(exitCode, 0);
  t.is(stdout.split("---\n")[1], 'apiVersion: kubelet.config.k8s.io/v1beta1\nfoo: ""\nkind: KubeletConfiguration\nmaxPods: 50\n');
  t.regex(stdout, /^apiVersion: kubeadm\.k8s\.io\/v1beta4\napply:\n {2}certificateRenewal: true\n/);
});

test("what is migrated goes to a file for its owner alone, and is valid", async (t) => {
  const file = await write(files["a cluster of v1beta3"] ?? "");
  const target = `${file}.new`;
  t.is((await kboot("config", "migrate", "--old-config", file, "--new-config", target)).exitCode, 0);
  t.regex(await readFile(target, "utf8"), /^apiVersion: kubeadm\.k8s\.io\/v1beta4\nbootstrapTokens:/);
  const { stdout, stderr } = await kboot("config", "validate", "--config", target);
  t.is(stdout, "ok\n");
  t.is(stderr, "");
});

test("validate mentions a deprecated version, unless it is told to allow it, and names what is wrong", async (t) => {
  const file = await write(`${older} JoinConfiguration\ndiscovery: {bootstrapToken: ${byToken}}\n`);
  const plain = await kboot("config", "validate", "--config", file);
  t.is(plain.stdout, "ok\n");
  t.is(plain.stderr, `${file}: JoinConfiguration is written in a deprecated version; kboot config migrate --old-config ${file}\n`);
  t.is((await kboot("config", "validate", "--config", file, "--allow-deprecated-api")).stderr, "");
  const wrong = await write(`${newer} ClusterConfiguration\nclusterNam: a\n`);
  const { exitCode, stderr } = await kboot("config", "validate", "--config", wrong);
  t.is(exitCode, 65);
  t.true(
    stderr.startsWith(`${wrong}:3:1 ClusterConfiguration.clusterNam: there is no such field; did you mean clusterName\nhint: `),
    stderr,
  );
});
