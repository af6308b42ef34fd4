import { basename, dirname } from "node:path/posix";
import type { ChangeContext, CompareContext, Difference, HostKind, Item, Obstacle } from "../engine/contracts.ts";
import { quote } from "../host/quote.ts";
import { type CertificateWish, issueCertificate, type KeyAndCertificate } from "../pki/issue.ts";
import { judgeCertificate, judgeExternalCertificate, judgeKubeletCertificate } from "../pki/judge.ts";
import type { KeyAlgorithm } from "../pki/keys.ts";
import { buildKubeconfig, buildKubeletKubeconfig, kubeletClientPem, readKubeconfig } from "../pki/kubeconfig.ts";
import { fingerprintsOf, splitCertificates } from "../pki/read.ts";
import { Secret } from "../secret.ts";
import { isExternal, needAuthority } from "./certificate.ts";
import { assertFree, givenCertificate, inTheWay, missing, obstaclesOf } from "./external-certificate.ts";
import { attributesOf, compareModes, type ObservedSecretFile, observeFiles, parseFiles } from "./observe-files.ts";
import { type FileToWrite, type WishedFile, writeFiles } from "./write-files.ts";

/** A kubeconfig whose client certificate is of the cluster's CA. */
export interface KubeconfigResource {
  readonly kind: "kubeconfig";
  readonly path: string;
  /** Common name of the certificate: `system:kube-scheduler`. */
  readonly user: string;
  readonly organization?: string;
  /** `https://192.168.56.11:6443`. */
  readonly server: string;
  /** For new keys. */
  readonly algorithm: KeyAlgorithm;
  readonly validityDays: number;
  /**
   * `client-certificate`: embedded. `kubelet-final`: the file points at the certificate that the kubelet renews by itself
   * (kubeadm/app/phases/kubelet, phase kubelet-finalize, v1.36); it is made once and then the kubelet's. `kubelet-joined`: the same of a
   * kubelet that asks for its certificate when it joins, and writes the file then.
   */
  readonly form: "client-certificate" | "kubelet-final" | "kubelet-joined";
  /** Where the kubelet's certificate is. Default: where the kubelet has it without further arguments. */
  readonly clientPath?: string;
  /** It may be missing where the CA is external. */
  readonly isDispensable?: boolean;
}

export interface ObservedKubeconfig {
  readonly file: ObservedSecretFile | undefined;
  /** Of the kubelet: certificate and key in one PEM; where it has joined, the certificate alone. */
  readonly clientPem: ObservedSecretFile | undefined;
}

export const kubeconfigKind: HostKind<KubeconfigResource, ObservedKubeconfig> = {
  kind: "kubeconfig",
  id: ({ path }) => `kubeconfig:${path}`,
  observe: ({ path, form, clientPath = kubeletClientPem }) =>
    ({
      "client-certificate": () => observeFiles([path]),
      "kubelet-final": () => observeFiles([path, clientPath]),
      "kubelet-joined": () => `${observeFiles([path])}\n${observeCertificates(clientPath)}`,
    })[form](),
  parse(_resource, { stdout }) {
    const [file, clientPem] = parseFiles(stdout);
    return { file, clientPem };
  },
  compare(resource, observed, { vault, now }) {
    const caCert = vault.get("ca")?.certificate;
    const authority = caCert === undefined ? undefined : { caCert, isExternal: isExternal(vault, "ca") };
    if (resource.form === "kubelet-joined" && (authority === undefined || judgeClient(resource, observed, authority, now).length > 0)) {
      return [{ what: "kubeconfig", to: "as the kubelet writes it when it joins", follows: true }];
    }
    if (authority === undefined) return [{ what: "kubeconfig", to: "new, with a certificate of the new ca" }];
    const certificate = judgeClient(resource, observed, authority, now);
    const found = findCredential(resource, observed, authority, now);
    if (authority.isExternal && certificate.length > 0 && found === undefined) {
      return inTheWay(externalObstacles(resource, observed, { vault, now })) === undefined ? [] : [givenCertificate];
    }
    return [
      ...judgeFile(resource, observed.file, authority.caCert),
      ...(certificate.length > 0 && found !== undefined
        ? [{ what: "client certificate", to: `the one in ${resource.path}` }]
        : certificate.map(({ what, ...rest }) => ({ what: `client ${what}`, ...rest }))),
      ...compareModes(filesOf(resource), [observed.file, observed.clientPem]),
    ];
  },
  obstacles: externalObstacles,
  async change(items, context) {
    const changes = await Promise.all(items.map((item) => changeOne(item, context)));
    const fragment = await writeFiles(
      changes.flatMap(({ files }) => files),
      changes.flatMap(({ unchanged }) => unchanged),
    );
    return { ...fragment, script: [fragment.script, ...changes.map(({ script }) => script)].join("\n") };
  },
  before: ({ file }) => attributesOf(file),
};

/** Where the CA is external. */
function externalObstacles(
  resource: KubeconfigResource,
  observed: ObservedKubeconfig,
  { vault, now }: Pick<CompareContext, "vault" | "now">,
): readonly Obstacle[] {
  const { path, form, isDispensable = false } = resource;
  if (form === "kubelet-joined" || !isExternal(vault, "ca")) return [];
  const authorityPem = vault.need("ca").certificate ?? "";
  const wanted = { path, signer: "ca", wish: wishOf(resource) };
  const good = findCredential(resource, observed, { caCert: authorityPem, isExternal: true }, now);
  // the kubelet renews its own
  if (good !== undefined && form === "kubelet-final") return [];
  const [best = good] = credentialsIn(resource, observed);
  if (best !== undefined) return obstaclesOf(wanted, { ...best, authorityPem }, now);
  if (observed.file !== undefined) return [missing(path, wanted, "holds no client certificate with its key")];
  return isDispensable ? [] : [missing(path, wanted)];
}

function filesOf({ path, form, clientPath = kubeletClientPem }: KubeconfigResource): readonly WishedFile[] {
  return (form === "client-certificate" ? [path] : [path, clientPath]).map((name) => ({ path: name, mode: "0600" }));
}

/** As `observeFiles`, of one file whose key stays on the host: what it prints are the certificates in it. */
function observeCertificates(path: string): string {
  const pem = quote(path);
  return `if [ -f ${pem} ]; then
  text=$(sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' ${pem})
  stat -L -c "\${#text} %a %U:%G" ${pem}
  printf %s "$text"
else echo -; fi`;
}

/** What differs in the file itself. */
function judgeFile(resource: KubeconfigResource, file: ObservedSecretFile | undefined, caCert: string): Difference[] {
  if (file === undefined) return [{ what: "kubeconfig", to: "new" }];
  const found = readKubeconfig(file.content);
  if (found === undefined) return [{ what: "kubeconfig", from: "cannot be read" }];
  const differences: Difference[] = [];
  if (found.server !== resource.server) differences.push({ what: "server", from: found.server, to: resource.server });
  if (fingerprintsOf(found.caCert ?? "") !== fingerprintsOf(caCert)) differences.push({ what: "CA", from: "another CA" });
  if (resource.form !== "client-certificate") {
    const { clientPath = kubeletClientPem } = resource;
    if (found.certificatePath !== clientPath || found.keyPath !== clientPath) differences.push({ what: "credential", to: clientPath });
  }
  return differences;
}

/** The cluster's CA, PEM, and whether its key is elsewhere. */
interface Authority {
  readonly caCert: string;
  readonly isExternal: boolean;
}

function judgeOf(form: KubeconfigResource["form"], { isExternal: isElsewhere }: Authority): typeof judgeCertificate {
  if (form === "kubelet-joined") return judgeKubeletCertificate;
  if (isElsewhere) return judgeExternalCertificate;
  return form === "kubelet-final" ? judgeKubeletCertificate : judgeCertificate;
}

/** What differs in the client certificate. */
function judgeClient(resource: KubeconfigResource, observed: ObservedKubeconfig, authority: Authority, now: Date): readonly Difference[] {
  const { form } = resource;
  const { certificatePem, key } = form === "client-certificate" ? readEmbedded(observed.file) : readClientPem(observed.clientPem);
  if (certificatePem === undefined || (key === undefined && form !== "kubelet-joined")) return [{ what: "certificate", to: "new" }];
  return judgeOf(form, authority)(wishOf(resource), certificatePem, key, authority.caCert, now);
}

/** Client certificates with their keys that are there: the kubelet's own first, since the one in its file is what it has begun with. */
function credentialsIn({ form }: KubeconfigResource, { file, clientPem }: ObservedKubeconfig): readonly KeyAndCertificate[] {
  const places = form === "client-certificate" ? [readEmbedded(file)] : [readClientPem(clientPem), readEmbedded(file)];
  return places.flatMap(({ certificatePem, key }) => (certificatePem === undefined || key === undefined ? [] : [{ certificatePem, key }]));
}

/** The first of them that is as wished. */
function findCredential(resource: KubeconfigResource, observed: ObservedKubeconfig, authority: Authority, now: Date) {
  const judge = judgeOf(resource.form, authority);
  return credentialsIn(resource, observed).find(
    ({ certificatePem, key }) => judge(wishOf(resource), certificatePem, key, authority.caCert, now).length === 0,
  );
}

async function changeOne({ resource, observed }: Item<KubeconfigResource, ObservedKubeconfig>, { vault, now }: ChangeContext) {
  const caCert = vault.need("ca").certificate ?? "";
  const authority = { caCert, isExternal: isExternal(vault, "ca") };
  const { path, server, user, algorithm, validityDays, form } = resource;
  const isClientWrong = judgeClient(resource, observed, authority, now).length > 0;
  // the kubelet has joined meanwhile, and written it
  const isWritten = form === "kubelet-joined" && isClientWrong;
  const isFileWrong = !isWritten && judgeFile(resource, observed.file, caCert).length > 0;
  assertFree(externalObstacles(resource, observed, { vault, now }));
  const credential = async () =>
    findCredential(resource, observed, authority, now) ??
    (await issueCertificate({ ...wishOf(resource), validityDays, now, algorithm }, needAuthority(vault, "ca")));
  const api = { server, caCert, user };
  const file = { path, mode: "0600" };
  const all = filesOf(resource);
  if (isWritten || (!isFileWrong && !isClientWrong)) return { files: [], unchanged: all, script: "" };
  if (form === "client-certificate") {
    return { files: [{ ...file, content: buildKubeconfig({ ...api, ...(await credential()) }) }], unchanged: [], script: "" };
  }
  const { clientPath = kubeletClientPem } = resource;
  const files: FileToWrite[] = [];
  let script = "";
  if (isClientWrong) {
    const { certificatePem, key } = await credential();
    const target = `${dirname(clientPath)}/kubelet-client-${timestamp(now)}.pem`;
    files.push({ path: target, mode: "0600", content: new Secret(`${certificatePem.trimEnd()}\n${key.reveal()}`) });
    script = moveLink(clientPath, target);
  }
  if (isFileWrong) files.push({ ...file, content: buildKubeletKubeconfig({ ...api, clientPath }) });
  const unchanged = all.filter((one) => (one.path === path ? !isFileWrong : !isClientWrong));
  return { files, unchanged, script };
}

function wishOf({ user, organization }: KubeconfigResource): CertificateWish {
  return {
    commonName: user,
    organizations: organization === undefined ? [] : [organization],
    usages: ["clientAuth"],
    dnsNames: [],
    ipAddresses: [],
  };
}

interface Client {
  readonly certificatePem?: string | undefined;
  readonly key?: Secret | undefined;
}

function readEmbedded(file: ObservedSecretFile | undefined): Client {
  return file === undefined ? {} : (readKubeconfig(file.content) ?? {});
}

function readClientPem(file: ObservedSecretFile | undefined): Client {
  const text = file?.content.reveal() ?? "";
  const [key] = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END [A-Z ]*PRIVATE KEY-----/.exec(text) ?? [];
  return { certificatePem: splitCertificates(text)[0], key: key === undefined ? undefined : new Secret(key) };
}

/** Points a link elsewhere in one move. */
function moveLink(path: string, target: string): string {
  const staged = quote(`${dirname(path)}/.${basename(path)}.kboot`);
  return [`rm -f ${staged}`, `ln -s ${quote(target)} ${staged}`, `mv -f ${staged} ${quote(path)}`].join("\n");
}

/** As the kubelet names the files of its certificates: `2026-11-24-12-03-05`. */
function timestamp(now: Date): string {
  return now.toISOString().slice(0, 19).replaceAll(/[T:]/g, "-");
}
