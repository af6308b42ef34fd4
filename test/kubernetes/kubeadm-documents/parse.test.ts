import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { KbootError } from "../../../src/errors.ts";
import { parseKubeadmDocuments } from "../../../src/kubernetes/kubeadm-documents/parse.ts";
import { Secret } from "../../../src/secret.ts";
import { compare } from "../../support/kubeadm.ts";

const cluster = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n";
const init = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n";
const joining = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\n";
const reset = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ResetConfiguration\n";
const upgrade = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: UpgradeConfiguration\n";
const byToken = "discovery:\n  bootstrapToken:\n    token: abcdef.0123456789abcdef\n    apiServerEndpoint: 10.0.0.1:6443\n";
const pin = `sha256:${"0a".repeat(32)}`;

test("documents come out by their kind, secrets wrapped, fields without a value left out", (t) => {
  const found = parseKubeadmDocuments(
    `${init}certificateKey: ${"ab".repeat(32)}
bootstrapTokens: [{token: abcdef.0123456789abcdef, ttl: 1h0m0s}]
nodeRegistration: {name: cp1, taints: [], criSocket: "", kubeletExtraArgs: [{name: v}, {name: node-labels, value: "a=b"}]}
---
${cluster}kubernetesVersion: v1.36.3
controlPlaneEndpoint: ""
networking: {podSubnet: "10.244.0.0/16,fd00::/56", serviceSubnet: null}
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
maxPods: 50
---
`,
    "a.yaml",
  );
  t.deepEqual(Object.keys(found), ["InitConfiguration", "ClusterConfiguration", "KubeletConfiguration", "deprecated"]);
  t.true(found.InitConfiguration?.certificateKey?.equals(new Secret("ab".repeat(32))));
  t.true(found.InitConfiguration?.bootstrapTokens?.[0]?.token?.equals(new Secret("abcdef.0123456789abcdef")));
  t.deepEqual(found.InitConfiguration?.nodeRegistration, {
    name: "cp1",
    taints: [],
    kubeletExtraArgs: [
      { name: "v", value: "" },
      { name: "node-labels", value: "a=b" },
    ],
  });
  t.deepEqual(found.ClusterConfiguration, { kubernetesVersion: "v1.36.3", networking: { podSubnet: "10.244.0.0/16,fd00::/56" } });
  t.deepEqual(found.KubeletConfiguration, { maxPods: 50 });
});

const right: readonly (readonly [string, string])[] = [
  [
    "a whole cluster",
    `${cluster}kubernetesVersion: v1.36.3\napiServer: {certSANs: [API.example.com, "*.a.b", 10.0.0.9, "fd00::1"], extraArgs: [{name: v, value: "2"}]}\n`,
  ],
  [
    "etcd of others",
    `${cluster}kubernetesVersion: 1.36.3\netcd: {external: {endpoints: [https://10.0.0.1:2379], caFile: /a, certFile: /b, keyFile: /c}}\n`,
  ],
  ["etcd of others without certificates", `${cluster}kubernetesVersion: 1.36.3\netcd: {external: {endpoints: [http://10.0.0.1:2379]}}\n`],
  ["an endpoint of IPv6", `${cluster}kubernetesVersion: 1.36.3\ncontrolPlaneEndpoint: "[fd00::1]:6443"\n`],
  ["a join by a pin", `${joining}${byToken}    caCertHashes: ["${pin}"]\n`],
  [
    "a join as a control plane",
    `${joining}${byToken}    unsafeSkipCAVerification: true\ncontrolPlane: {certificateKey: ${"ab".repeat(32)}}\n`,
  ],
  ["a reset", `${reset}unmountFlags: [MNT_FORCE]\nskipPhases: [preflight]\n`],
  ["an upgrade", `${upgrade}apply: {etcdUpgrade: false, patches: {directory: /a}}\ndiff: {contextLines: 5}\nplan: {printConfig: true}\n`],
  [
    "timeouts",
    `${init}timeouts: {discovery: 1h30m}\nlocalAPIEndpoint: {advertiseAddress: 10.0.0.1, bindPort: 443}\n---\n${cluster}kubernetesVersion: 1.36.3\n`,
  ],
];

const wrong: readonly (readonly [string, string, string])[] = [
  [
    "an unknown field",
    `${cluster}networking: {podSubnets: 10.0.0.0/8}\n`,
    "3:14 ClusterConfiguration.networking.podSubnets: there is no such field; did you mean podSubnet",
  ],
  [
    "no subnet",
    `${cluster}networking: {podSubnet: 10.0.0.0}\n`,
    '3:25 ClusterConfiguration.networking.podSubnet: "10.0.0.0" is not a subnet; write it like 10.96.0.0/12',
  ],
  [
    "a service subnet too large",
    `${cluster}networking: {serviceSubnet: 10.0.0.0/8}\n`,
    "3:29 ClusterConfiguration.networking.serviceSubnet: 10.0.0.0/8 is too large; it may have 20 bits for addresses",
  ],
  [
    "a service subnet too small",
    `${cluster}networking: {serviceSubnet: 10.0.0.0/30}\n`,
    "3:29 ClusterConfiguration.networking.serviceSubnet: 10.0.0.0/30 is too small; it needs 4 bits for addresses",
  ],
  [
    "two subnets of a family",
    `${cluster}networking: {podSubnet: "10.0.0.0/16,10.1.0.0/16"}\n`,
    "3:25 ClusterConfiguration.networking.podSubnet: must be one subnet, or one of IPv4 and one of IPv6",
  ],
  ["a relative path", `${cluster}certificatesDir: pki\n`, '3:18 ClusterConfiguration.certificatesDir: "pki" is not an absolute path'],
  [
    "an unknown algorithm",
    `${cluster}encryptionAlgorithm: RSA-1024\n`,
    "3:22 ClusterConfiguration.encryptionAlgorithm: must be RSA-2048 or RSA-3072 or RSA-4096 or ECDSA-P256 or ECDSA-P384, not RSA-1024",
  ],
  [
    "an unknown gate",
    `${cluster}featureGates: {Nothing: true}\n`,
    "3:16 ClusterConfiguration.featureGates.Nothing: there is no feature gate Nothing of kubeadm; those here are NodeLocalCRISocket, PublicKeysECDSA, RootlessControlPlane",
  ],
  [
    "both etcds",
    `${cluster}etcd: {local: {}, external: {endpoints: [https://a:1]}}\n`,
    "3:29 ClusterConfiguration.etcd.external: cannot stand beside local; keep one",
  ],
  [
    "etcd of others by http with certificates",
    `${cluster}etcd: {external: {endpoints: [http://a:1], caFile: /a}}\n`,
    "3:31 ClusterConfiguration.etcd.external.endpoints[0]: must be a URL with https, since there are certificates",
  ],
  [
    "a certificate without a key",
    `${cluster}etcd: {external: {endpoints: [https://a:1], caFile: /a, certFile: /b}}\n`,
    "3:18 ClusterConfiguration.etcd.external.keyFile: is missing; certificate and key go together",
  ],
  [
    "an argument without a name",
    `${cluster}scheduler: {extraArgs: [{value: "2"}]}\n`,
    "3:25 ClusterConfiguration.scheduler.extraArgs[0].name: is missing",
  ],
  [
    "arguments as a map",
    `${cluster}scheduler: {extraArgs: {v: "2"}}\n`,
    "3:24 ClusterConfiguration.scheduler.extraArgs: must be a list, not a map",
  ],
  [
    "a number for text",
    `${cluster}clusterName: 7\n`,
    "3:14 ClusterConfiguration.clusterName: must be text, not the number 7; put it in quotes",
  ],
  [
    "a bad duration",
    `${init}timeouts: {discovery: 5 minutes}\n`,
    '3:23 InitConfiguration.timeouts.discovery: "5 minutes" is not a duration; write hours, minutes and seconds: 24h, 1h30m',
  ],
  [
    "a bad address",
    `${init}localAPIEndpoint: {advertiseAddress: cp1}\n`,
    '3:38 InitConfiguration.localAPIEndpoint.advertiseAddress: "cp1" is not an IP address',
  ],
  [
    "a bad policy",
    `${init}nodeRegistration: {imagePullPolicy: Sometimes}\n`,
    "3:37 InitConfiguration.nodeRegistration.imagePullPolicy: must be Always or IfNotPresent or Never, not Sometimes",
  ],
  [
    "ttl and expires",
    `${init}bootstrapTokens: [{ttl: 1h, expires: "2027-01-01T00:00:00Z"}]\n`,
    "3:38 InitConfiguration.bootstrapTokens[0].expires: cannot stand beside ttl; keep one",
  ],
  [
    "a join without a way",
    `${joining}discovery: {}\n`,
    "3:12 JoinConfiguration.discovery: lacks a way to the cluster; write bootstrapToken or file",
  ],
  [
    "a join that trusts nobody",
    `${joining}${byToken}`,
    "5:5 JoinConfiguration.discovery.bootstrapToken.caCertHashes: is missing; give the hash of the CA, or trust anybody with unsafeSkipCAVerification: true",
  ],
  [
    "an unknown flag of umount",
    `${reset}unmountFlags: [MNT_ALL]\n`,
    "3:16 ResetConfiguration.unmountFlags[0]: must be MNT_FORCE or MNT_DETACH or MNT_EXPIRE or UMOUNT_NOFOLLOW, not MNT_ALL",
  ],
  [
    "a relative folder of patches",
    `${upgrade}apply: {patches: {directory: a}}\n`,
    '3:30 UpgradeConfiguration.apply.patches.directory: "a" is not an absolute path',
  ],
  ["a kind twice", `${reset}---\n${reset}`, "5:7 ResetConfiguration.kind: is there twice; keep one document of a kind"],
  [
    "an unknown kind",
    "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfig\n",
    "2:7 kind: InitConfig is not known; those here are InitConfiguration, ClusterConfiguration, JoinConfiguration, ResetConfiguration, UpgradeConfiguration, KubeletConfiguration, KubeProxyConfiguration",
  ],
  [
    "an unknown version",
    "apiVersion: kubeadm.k8s.io/v1beta9\nkind: InitConfiguration\n",
    '1:13 InitConfiguration.apiVersion: must be kubeadm.k8s.io/v1beta4, not "kubeadm.k8s.io/v1beta9"',
  ],
];

function reasonOf(text: string): string {
  try {
    parseKubeadmDocuments(text, "a.yaml");
    return "";
  } catch (error) {
    if (!(error instanceof KbootError) || error.code !== "kubeadm-config") throw error;
    return error.message;
  }
}

test("what is right is taken", (t) => {
  for (const [title, text] of right) t.is(reasonOf(text), "", title);
});

test("what is wrong is refused, with file, place and field", (t) => {
  for (const [title, text, message] of wrong) t.is(reasonOf(text), `a.yaml:${message}`, title);
});

test("all problems of all documents are told at once", (t) => {
  const lines = reasonOf(`${init}x: 1\ny: 2\n---\n${cluster}z: 3\n`).split("\n");
  t.deepEqual(
    lines.map((line) => line.slice(0, line.indexOf(":", 9))),
    ["a.yaml:3:1 InitConfiguration.x", "a.yaml:4:1 InitConfiguration.y", "a.yaml:8:1 ClusterConfiguration.z"],
  );
});

test("text that is not YAML and a file without documents are refused", (t) => {
  t.regex(reasonOf("a: [\n"), /^a\.yaml:2:1 this is not YAML: /);
  t.regex(reasonOf("---\n"), /^a\.yaml:1:1 the file is empty; /);
  t.regex(reasonOf("- 1\n"), /^a\.yaml:1:1 must be a map /);
});

test("no message shows a token or key, wherever it is wrong", (t) => {
  const texts = [
    `${init}certificateKey: 0123secret\nbootstrapTokens: [{token: abcdef.secret}]\n`,
    `${joining}discovery: {tlsBootstrapToken: abcdef.secret, bootstrapToken: {token: secret, apiServerEndpoint: a:1, unsafeSkipCAVerification: true}}\n`,
  ];
  for (const text of texts) {
    const reason = reasonOf(text);
    t.is(reason.split("\n").length, 2);
    t.false(reason.includes("secret"), reason);
  }
});

compare("kubeadm takes and refuses the same documents", async (t, kubeadm) => {
  const folder = await mkdtemp(join(tmpdir(), "kboot-documents-"));
  const judge = async (text: string) => {
    const file = join(folder, "a.yaml");
    await writeFile(file, text);
    return kubeadm("config", "validate", "--config", file);
  };
  for (const [title, text] of right) {
    const { exitCode, stderr } = await judge(text);
    t.is(exitCode, 0, `${title}: ${stderr}`);
  }
  for (const [title, text] of wrong) {
    // a version, so that none is looked up
    const { exitCode } = await judge(
      text.replace("kind: ClusterConfiguration\n", "kind: ClusterConfiguration\nkubernetesVersion: v1.36.3\n"),
    );
    t.not(exitCode, 0, title);
  }
});

compare("kubeadm's own defaults are right", async (t, kubeadm) => {
  for (const kind of ["init", "join", "reset", "upgrade"]) {
    t.is(reasonOf((await kubeadm("config", "print", `${kind}-defaults`)).stdout), "", kind);
  }
});
