import { parse, stringify } from "yaml";
import { Secret } from "../secret.ts";
import type { KeyAndCertificate } from "./issue.ts";

/** Where an API is, and the CA by which it is known. */
export interface ApiAddress {
  /** `https://192.168.56.11:6443`. */
  readonly server: string;
  /** PEM; may hold several certificates. */
  readonly caCert: string;
  /** Of the cluster in the file. Default `kubernetes`, as kubeadm's. */
  readonly clusterName?: string;
}

export interface ClientKubeconfig extends ApiAddress {
  readonly user: string;
  /** Default `USER@CLUSTER`. */
  readonly context?: string;
  /** PEM. */
  readonly certificatePem: string;
  readonly key: Secret;
}

/** What a kubeconfig's current context says. Paths are as written; embedded data are PEM. */
export interface KubeconfigReading {
  readonly server: string | undefined;
  readonly caCert: string | undefined;
  readonly certificatePem: string | undefined;
  readonly key: Secret | undefined;
  readonly certificatePath: string | undefined;
  readonly keyPath: string | undefined;
  readonly caPath: string | undefined;
  readonly token: Secret | undefined;
  readonly tokenPath: string | undefined;
  /** Other ways to log in, by the kubeconfig's own names: `exec`. */
  readonly otherLogins: readonly string[];
}

const otherLogins = ["exec", "auth-provider", "username"];

/** Where the kubelet keeps its client certificate with key, and renews it. */
export const kubeletClientPem = "/var/lib/kubelet/pki/kubelet-client-current.pem";

/** A kubeconfig with an embedded client certificate (kubeadm/app/util/kubeconfig, v1.36). */
export function buildKubeconfig({ user, certificatePem, key, context, ...api }: ClientKubeconfig): Secret {
  const credential = { "client-certificate-data": base64(certificatePem), "client-key-data": base64(key.reveal()) };
  return new Secret(build(api, user, credential, context));
}

/** The kubeconfig by which the holder of a credential asks for a kubelet's first certificate. */
export function buildBootstrapKubeconfig(api: ApiAddress, credential: { readonly token: Secret } | KeyAndCertificate): Secret {
  if ("token" in credential) return buildTokenKubeconfig({ ...api, token: credential.token });
  return buildKubeconfig({ ...api, ...credential, user: "tls-bootstrap-user" });
}

/** A kubeconfig with a token; without `user` that with which a kubelet asks for its first certificate. */
export function buildTokenKubeconfig({
  token,
  user = "tls-bootstrap-token-user",
  ...api
}: ApiAddress & { readonly token: Secret; readonly user?: string }): Secret {
  return new Secret(build(api, user, { token: token.reveal() }));
}

/** A kubeconfig with a key alone: CA and certificate are put in once somebody else has issued it. */
export function buildKeyKubeconfig({
  user,
  key,
  ...api
}: Omit<ApiAddress, "caCert"> & { readonly user: string; readonly key: Secret }): Secret {
  return new Secret(build(api, user, { "client-key-data": base64(key.reveal()) }));
}

export interface KubeletKubeconfig extends ApiAddress {
  readonly user: string;
  /** Of the PEM with certificate and key. */
  readonly clientPath: string;
}

/** The kubelet's kubeconfig in its final form: it points at the certificate that the kubelet renews. It holds no secret. */
export function buildKubeletKubeconfig({ user, clientPath, ...api }: KubeletKubeconfig): string {
  return build(api, user, { "client-certificate": clientPath, "client-key": clientPath });
}

/**
 * Reads a kubeconfig; undefined when it is none. Without a current context all that depends on it is undefined, unless `mayLackContext`: then
 * the only cluster and the only user are meant.
 */
export function readKubeconfig(text: Secret, { mayLackContext = false } = {}): KubeconfigReading | undefined {
  try {
    const file = parse(text.reveal()) as KubeconfigShape;
    const pick = mayLackContext && !file["current-context"] ? onlyOne : byContext(file);
    const cluster = pick(file.clusters, "cluster")?.cluster;
    const user = pick(file.users, "user")?.user;
    return {
      server: textOf(cluster?.["server"]),
      caCert: unbase64(cluster?.["certificate-authority-data"]),
      caPath: textOf(cluster?.["certificate-authority"]),
      certificatePem: unbase64(user?.["client-certificate-data"]),
      key: secretOf(unbase64(user?.["client-key-data"])),
      certificatePath: textOf(user?.["client-certificate"]),
      keyPath: textOf(user?.["client-key"]),
      token: secretOf(textOf(user?.["token"])),
      tokenPath: textOf(user?.["tokenFile"]),
      otherLogins: otherLogins.filter((name) => user?.[name] !== undefined),
    };
  } catch {
    return undefined;
  }
}

type Fields = Readonly<Record<string, unknown>>;

interface KubeconfigShape {
  readonly clusters?: readonly NamedCluster[] | null;
  readonly contexts?: readonly { name: string; context?: Readonly<Record<Part, string>> }[] | null;
  readonly "current-context"?: string;
  readonly users?: readonly NamedUser[] | null;
}

type Part = "cluster" | "user";
type NamedCluster = { readonly name: string; readonly cluster?: Fields };
type NamedUser = { readonly name: string; readonly user?: Fields };

/** Which of the clusters or users is meant. */
type Pick = <T extends { readonly name: string }>(all: readonly T[] | null | undefined, part: Part) => T | undefined;

function byContext(file: KubeconfigShape): Pick {
  const context = file.contexts?.find(({ name }) => name === file["current-context"])?.context;
  return (all, part) => all?.find(({ name }) => name === context?.[part]);
}

const onlyOne: Pick = (all) => (all?.length === 1 ? all[0] : undefined);

function build(api: Omit<ApiAddress, "caCert"> & { readonly caCert?: string }, user: string, credential: object, name?: string): string {
  const { server, caCert, clusterName = "kubernetes" } = api;
  const context = name ?? `${user}@${clusterName}`;
  const file = {
    apiVersion: "v1",
    clusters: [
      { cluster: { ...(caCert === undefined ? {} : { "certificate-authority-data": base64(caCert) }), server }, name: clusterName },
    ],
    contexts: [{ context: { cluster: clusterName, user }, name: context }],
    "current-context": context,
    kind: "Config",
    users: [{ name: user, user: credential }],
  };
  // neither folded lines nor indented lists: the bytes that kubeadm would write
  return stringify(file, { lineWidth: 0, indentSeq: false });
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function unbase64(value: unknown): string | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : Buffer.from(text, "base64").toString();
}

/** Empty counts as missing, as it does for kubectl. */
function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function secretOf(text: string | undefined): Secret | undefined {
  return text === undefined ? undefined : new Secret(text);
}
