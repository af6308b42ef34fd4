import { X509Certificate } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { execa } from "execa";
import { stringify } from "yaml";
import type { HostKind, Site, Step } from "../../src/engine/contracts.ts";
import { Vault } from "../../src/engine/vault.ts";
import type { Facts } from "../../src/host/facts.ts";
import type { Cluster } from "../../src/inventory/cluster.ts";
import { clusterConfiguration, kubeadmConfig } from "../../src/kubernetes/kubeadm-config.ts";
import type { Live } from "../../src/kubernetes/live.ts";
import { issueCa, issueCertificate } from "../../src/pki/issue.ts";
import { readKubeconfig } from "../../src/pki/kubeconfig.ts";
import { controlPlaneCertificates } from "../../src/pki/table.ts";
import { type CertificateResource, certificateKind } from "../../src/resources/certificate.ts";
import { type KubeconfigResource, kubeconfigKind } from "../../src/resources/kubeconfig.ts";
import { objectKind } from "../../src/resources/object.ts";
import { type SharedSecretResource, sharedSecretKind } from "../../src/resources/shared-secret.ts";
import { Secret } from "../../src/secret.ts";
import { issueCertificates } from "../../src/steps/issue-certificates.ts";
import { shareSecrets } from "../../src/steps/share-secrets.ts";
import { writeKubeconfigs } from "../../src/steps/write-kubeconfigs.ts";
import { testCluster } from "../kubernetes/fixture.ts";
import { kboot } from "../support/kboot.ts";
import { bringInOrder, differences, noArtifacts } from "../support/kind.ts";
import { findProgram, startApiServer } from "./support/api-server.ts";

const nodeAddress = "192.168.56.11";
type Resource = SharedSecretResource | CertificateResource | KubeconfigResource;
type Kind = HostKind<Resource, unknown>;

/** The kinds in the order in which a control plane gets them, each with its resources under another root. */
function wished(cluster: Cluster, root: string): readonly { kind: Kind; resources: readonly Resource[] }[] {
  const site: Site<Live> = {
    cluster,
    facts: new Map([["cp1", {} as Facts]]),
    nodeAddress: new Map([["cp1", nodeAddress]]),
    live: undefined,
    unreachable: new Map(),
    artifacts: noArtifacts,
    now: new Date(),
  };
  const take = (step: Step<Live>, kind: unknown) => ({
    kind: kind as Kind,
    resources: (step.resources?.(site, "cp1") ?? [])
      .filter((resource) => resource.kind === (kind as Kind).kind)
      .map((resource) => {
        const moved = Object.entries(resource).map(([name, value]) => [name, /^(p|.*P)ath$/.test(name) ? root + value : value]);
        return { ...Object.fromEntries(moved), clientPath: `${root}/var/lib/kubelet/pki/kubelet-client-current.pem` } as Resource;
      }),
  });
  return [take(shareSecrets, sharedSecretKind), take(issueCertificates, certificateKind), take(writeKubeconfigs, kubeconfigKind)];
}

async function allDifferences(cluster: Cluster, root: string): Promise<Record<string, readonly string[]>> {
  const vault = new Vault();
  const found: Record<string, readonly string[]> = {};
  for (const { kind, resources } of wished(cluster, root)) {
    for (const resource of resources) {
      const names = (await differences(kind, resource, { shell: ["dash"], vault })).map(({ what }) => what);
      if (names.length > 0) found[kind.id(resource).replace(root, "")] = names;
    }
  }
  return found;
}

/** A folder that is kubeadm's root, and kubeadm. */
async function openRoot(cluster: Cluster) {
  const root = await mkdtemp(join(tmpdir(), "kboot-kubeadm-"));
  await mkdir(join(root, "etc"));
  const init = {
    apiVersion: "kubeadm.k8s.io/v1beta4",
    kind: "InitConfiguration",
    localAPIEndpoint: { advertiseAddress: nodeAddress, bindPort: cluster.bindPort },
    nodeRegistration: { name: "cp1", criSocket: "unix:///var/run/containerd/containerd.sock" },
  };
  await writeFile(join(root, "init.yaml"), [init, clusterConfiguration(cluster)].map((document) => stringify(document)).join("---\n"));
  const program = findProgram(`kubernetes-${cluster.kubernetesVersion}-*`, "kubeadm");
  const kubeadm = async (...args: string[]) => (await execa(program, [...args, "--rootfs", root], { all: true })).all;
  const phase = (name: string) => kubeadm("init", "phase", name, "all", "--config", "/init.yaml");
  return { root, kubeadm, phase };
}

const interchangeable = test.macro({
  title: (_given, over: Partial<Cluster>) =>
    `kubeadm takes kboot's certificates and kubeconfigs as its own, and kboot those of kubeadm (${Object.values(over).join(", ")})`,
  async exec(t, over: Partial<Cluster>) {
    const cluster = testCluster(over);
    const ours = await openRoot(cluster);
    const theirs = await openRoot(cluster);
    try {
      const vault = new Vault();
      for (const { kind, resources } of wished(cluster, ours.root)) {
        const result = await bringInOrder(kind, resources, { shell: ["dash"], vault });
        t.is(result.exitCode, 0, result.stderr);
      }
      const said = `${await ours.phase("certs")}\n${await ours.phase("kubeconfig")}`;
      t.is(said.match(/Using (the )?existing/g)?.length, 16, said);
      t.notRegex(said, /Generating|Writing/);
      const expirations = await ours.kubeadm("certs", "check-expiration", "--cert-dir", cluster.certificatesDir);
      t.notRegex(expirations, /MISSING|INVALID/);
      t.is(expirations.match(/ 36[45]d /g)?.length, 11, expirations);

      await theirs.phase("certs");
      await theirs.phase("kubeconfig");
      // the kubelet, once it runs, makes the file that the final form points at
      t.deepEqual(await allDifferences(cluster, theirs.root), {
        "kubeconfig:/etc/kubernetes/kubelet.conf": ["credential", "client certificate"],
      });
    } finally {
      await rm(ours.root, { recursive: true });
      await rm(theirs.root, { recursive: true });
    }
  },
});

test.serial(interchangeable, { encryptionAlgorithm: "RSA-2048" });
test.serial(interchangeable, { encryptionAlgorithm: "ECDSA-P256", certificatesDir: "/srv/pki", bindPort: 7443 });
test.serial(interchangeable, { encryptionAlgorithm: "ECDSA-P384" });

/** All that OpenSSL shows of a certificate, but for what is random or the time. */
async function show(pem: string): Promise<string> {
  const options = "no_serial,no_validity,no_pubkey,no_sigdump";
  return (await execa("openssl", ["x509", "-noout", "-text", "-certopt", options], { input: pem })).stdout;
}

for (const encryptionAlgorithm of ["RSA-2048", "ECDSA-P384"] as const) {
  test.serial(
    `certificates made with kubeadm's authority differ from kubeadm's in number, time and key alone (${encryptionAlgorithm})`,
    async (t) => {
      const cluster = testCluster({ encryptionAlgorithm });
      const { root, phase } = await openRoot(cluster);
      try {
        await phase("certs");
        const read = (path: string) => readFile(`${root}/etc/kubernetes/pki/${path}`, "utf8");
        const authority = { certificatePem: await read("ca.crt"), key: new Secret(await read("ca.key")) };
        const times = { now: new Date(), algorithm: encryptionAlgorithm, validityDays: 365 };
        const ours = await issueCa({ ...times, commonName: "kubernetes", key: authority.key });
        t.is(await show(ours.certificatePem), await show(authority.certificatePem));
        const node = { cluster, spec: { transport: "ssh", address: nodeAddress }, nodeName: "cp1", nodeAddress } as const;
        for (const entry of controlPlaneCertificates(node).filter(({ signer }) => signer === "ca")) {
          const { certificatePem } = await issueCertificate({ ...entry, ...times }, authority);
          t.is(await show(certificatePem), await show(await read(`${entry.name}.crt`)));
        }
      } finally {
        await rm(root, { recursive: true });
      }
    },
  );
}

test.serial("kubeadm and kboot renew a control plane to the same, and kubeadm takes what kboot has renewed as its own", async (t) => {
  const theirs = await openRoot(testCluster({}));
  const ours = await mkdtemp(join(tmpdir(), "kboot-renewed-"));
  try {
    await theirs.phase("certs");
    await theirs.phase("kubeconfig");
    await cp(theirs.root, ours, { recursive: true });
    const folder = join(ours, "etc/kubernetes");
    const words = ["certs", "renew", "all", "--kubeconfig", "/nowhere"];
    const said = await theirs.kubeadm(...words);
    const renewed = await kboot(...words, "--cert-dir", join(folder, "pki"), "--kubeconfig-dir", folder);
    t.is(renewed.stdout.trimEnd(), said);
    t.is(renewed.stdout.match(/ renewed$/gm)?.length, 11);
    const files = (await readdir(folder, { recursive: true })).filter((name) => /\.(crt|key|conf|pub)$/.test(name));
    t.is(files.length, 3 * 2 + 7 * 2 + 2 + 5);
    for (const file of files) {
      const [own, other] = [join(folder, file), join(theirs.root, "etc/kubernetes", file)];
      t.is((await stat(own)).mode, (await stat(other)).mode, file);
      const [a, b] = [await readFile(own, "utf8"), await readFile(other, "utf8")];
      const masked = (text: string) => text.replace(/(client-[a-z-]+): \S+/g, "$1: X");
      if (file.endsWith(".conf")) {
        t.is(masked(a), masked(b), file);
        const pem = (text: string) => readKubeconfig(new Secret(text))?.certificatePem ?? "";
        t.is(await show(pem(a)), await show(pem(b)), file);
      } else if (file.endsWith(".crt")) t.is(await show(a), await show(b), file);
      else t.is(a === b, /^(ca|etcd\/ca|front-proxy-ca|sa)\./.test(file.replace("pki/", "")), file);
    }
    await rm(theirs.root, { recursive: true });
    await cp(ours, theirs.root, { recursive: true });
    const again = `${await theirs.phase("certs")}\n${await theirs.phase("kubeconfig")}`;
    t.is(again.match(/Using (the )?existing/g)?.length, 16, again);
  } finally {
    await rm(theirs.root, { recursive: true, force: true });
    await rm(ours, { recursive: true });
  }
});

test.serial("what the cluster has recorded says how certificates are renewed", async (t) => {
  const { root, phase } = await openRoot(testCluster({}));
  const server = await startApiServer("1.36.3");
  t.teardown(() => server.stop());
  t.teardown(() => rm(root, { recursive: true }));
  await phase("certs");
  const resources = kubeadmConfig(testCluster({ encryptionAlgorithm: "ECDSA-P384", certificateValidityDays: 20 }));
  const items = resources.map((resource) => ({ resource, observed: { live: undefined }, differences: [] }));
  await objectKind.change(items, server.api, new AbortController().signal);
  const pki = join(root, "etc/kubernetes/pki");
  const { stdout, stderr } = await kboot("certs", "renew", "etcd-peer", "--cert-dir", pki, "--kubeconfig", server.kubeconfig);
  t.is(
    stdout,
    '[renew] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...\n\ncertificate for etcd nodes to communicate with each other renewed\n',
  );
  t.is(stderr, "restart etcd, so that it uses the new certificate\n");
  const { publicKey, validToDate } = new X509Certificate(await readFile(join(pki, "etcd/peer.crt"), "utf8"));
  t.is(publicKey.asymmetricKeyDetails?.namedCurve, "secp384r1");
  t.is(Math.round((validToDate.getTime() - Date.now()) / 86_400_000), 20);
});
