import { parse, stringify } from "yaml";
import { Secret } from "../secret.ts";

/** Where an API is, and the CA by which it is known. */
export interface ApiAddress {
  /** `https://192.168.56.11:6443`. */
  readonly server: string;
  /** PEM; may hold several certificates. */
  readonly caCert: string;
}

export interface ClientKubeconfig extends ApiAddress {
  readonly user: string;
  /** Default `USER@kubernetes`. */
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
}

/** kubeadm's default; kboot keeps it. */
const clusterName = "kubernetes";

/** Where the kubelet keeps its client certificate with key, and renews it. */
export const kubeletClientPem = "/var/lib/kubelet/pki/kubelet-client-current.pem";

/** A kubeconfig with an embedded client certificate (kubeadm/app/util/kubeconfig, v1.36). */
export function buildKubeconfig({ user, certificatePem, key, context, ...api }: ClientKubeconfig): Secret {
  const credential = { "client-certificate-data": base64(certificatePem), "client-key-data": base64(key.reveal()) };
  return new Secret(build(api, user, credential, context));
}

/** The kubeconfig with which a kubelet asks for its first certificate. */
export function buildTokenKubeconfig({ token, ...api }: ApiAddress & { readonly token: Secret }): Secret {
  return new Secret(build(api, "tls-bootstrap-token-user", { token: token.reveal() }));
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

/** Reads a kubeconfig; undefined when it is none. */
export function readKubeconfig(text: Secret): KubeconfigReading | undefined {
  try {
    const file = parse(text.reveal()) as KubeconfigShape;
    const context = file.contexts?.find(({ name }) => name === file["current-context"])?.context;
    const cluster = file.clusters?.find(({ name }) => name === context?.cluster)?.cluster;
    const user = file.users?.find(({ name }) => name === context?.user)?.user;
    const key = unbase64(user?.["client-key-data"]);
    return {
      server: cluster?.server,
      caCert: unbase64(cluster?.["certificate-authority-data"]),
      certificatePem: unbase64(user?.["client-certificate-data"]),
      key: key === undefined ? undefined : new Secret(key),
      certificatePath: user?.["client-certificate"],
      keyPath: user?.["client-key"],
    };
  } catch {
    return undefined;
  }
}

interface KubeconfigShape {
  readonly clusters?: readonly { name: string; cluster?: { server?: string; "certificate-authority-data"?: string } }[];
  readonly contexts?: readonly { name: string; context?: { cluster?: string; user?: string } }[];
  readonly "current-context"?: string;
  readonly users?: readonly { name: string; user?: Readonly<Record<string, string>> }[];
}

function build({ server, caCert }: ApiAddress, user: string, credential: object, context = `${user}@${clusterName}`): string {
  const file = {
    apiVersion: "v1",
    clusters: [{ cluster: { "certificate-authority-data": base64(caCert), server }, name: clusterName }],
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

function unbase64(text: string | undefined): string | undefined {
  return text === undefined ? undefined : Buffer.from(text, "base64").toString();
}
