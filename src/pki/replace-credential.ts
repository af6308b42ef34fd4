import { type Document, isMap, isSeq, parseDocument, type YAMLMap } from "yaml";
import { Secret } from "../secret.ts";

/** What is put into a kubeconfig. */
export interface Credential {
  /** PEM. */
  readonly caCert: string;
  /** PEM. */
  readonly certificatePem: string;
  readonly key: Secret;
}

/**
 * A kubeconfig with another CA and client certificate in its current context; all else stays, comments too. Undefined when the text is no
 * kubeconfig, or lacks the cluster or user of its current context.
 */
export function replaceCredential(text: Secret, { caCert, certificatePem, key }: Credential): Secret | undefined {
  const document = parseDocument(text.reveal(), { prettyErrors: false });
  if (document.errors.length > 0) return undefined;
  const context = find(document, "contexts", document.get("current-context"))?.get("context");
  if (!isMap(context)) return undefined;
  const cluster = find(document, "clusters", context.get("cluster"))?.get("cluster");
  const user = find(document, "users", context.get("user"))?.get("user");
  if (!isMap(cluster) || !isMap(user)) return undefined;
  cluster.set("certificate-authority-data", base64(caCert));
  user.set("client-certificate-data", base64(certificatePem));
  user.set("client-key-data", base64(key.reveal()));
  return new Secret(document.toString({ lineWidth: 0, indentSeq: false }));
}

function find(document: Document, list: string, name: unknown): YAMLMap | undefined {
  const items = document.get(list);
  if (!isSeq(items) || typeof name !== "string") return undefined;
  return items.items.find((item): item is YAMLMap => isMap(item) && item.get("name") === name);
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
