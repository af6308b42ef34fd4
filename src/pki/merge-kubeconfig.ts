import { type Document, isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";
import { KbootError } from "../errors.ts";
import { Secret } from "../secret.ts";

/** A cluster and the way into it, as they get into a kubeconfig of the user's. */
export interface KubeconfigEntry {
  /** Of the context and of the cluster; the user is `NAME-admin`. */
  readonly name: string;
  readonly server: string;
  /** PEM. */
  readonly caCert: string;
  readonly certificatePem: string;
  readonly key: Secret;
}

export interface Merged {
  readonly text: Secret;
  /** The context that kubectl uses now. */
  readonly currentContext: string;
}

const lists = ["clusters", "contexts", "users"] as const;

/**
 * A kubeconfig with an entry added, or put in the place of an older one of the same names. All else stays, comments and the context's namespace too; it becomes the
 * current context when there was none, or with `use`. Throws KbootError `usage` for a text that is no kubeconfig.
 */
export function mergeKubeconfig(text: Secret, entry: KubeconfigEntry, use: boolean): Merged {
  const document = parse(text.reveal());
  const user = `${entry.name}-admin`;
  const namespace = namespaceOf(document, entry.name);
  const named = {
    clusters: { cluster: { "certificate-authority-data": base64(entry.caCert), server: entry.server }, name: entry.name },
    contexts: { context: { cluster: entry.name, ...(namespace === undefined ? {} : { namespace }), user }, name: entry.name },
    users: { name: user, user: { "client-certificate-data": base64(entry.certificatePem), "client-key-data": base64(entry.key.reveal()) } },
  };
  const isIndented = hasIndentedLists(document, text.reveal());
  for (const list of lists) put(document, list, named[list]);
  const current = document.get("current-context");
  const isNone = typeof current !== "string" || current === "";
  if (use || isNone) document.set("current-context", entry.name);
  return {
    text: new Secret(document.toString({ lineWidth: 0, indentSeq: isIndented, flowCollectionPadding: /[[{] \S/.test(text.reveal()) })),
    currentContext: use || isNone ? entry.name : current,
  };
}

function parse(text: string): Document {
  const document = parseDocument(text, { prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) throw noKubeconfig(`it is not YAML: ${error.message}`);
  if (document.contents === null) document.contents = document.createNode({ apiVersion: "v1", kind: "Config" }) as never;
  if (!isMap(document.contents)) throw noKubeconfig("it holds no map");
  const [apiVersion, kind] = [document.get("apiVersion"), document.get("kind")];
  if (kind !== "Config" || apiVersion !== "v1") {
    throw noKubeconfig(`it holds apiVersion ${apiVersion ?? "(none)"} and kind ${kind ?? "(none)"}, not v1 and Config`);
  }
  for (const list of lists) {
    const value = document.get(list) ?? undefined;
    if (value !== undefined && !(isSeq(value) && value.items.every((item) => isMap(item)))) throw noKubeconfig(`its ${list} are no list`);
  }
  return document;
}

function noKubeconfig(why: string): KbootError {
  return new KbootError("usage", `the file is no kubeconfig, so nothing was written: ${why}`, {
    hint: "name another with --kubeconfig-file, or put it right",
  });
}

/** The namespace that the user has set in a context. */
function namespaceOf(document: Document, name: string): string | undefined {
  const contexts = document.get("contexts");
  const found = isSeq(contexts) ? (contexts as YAMLSeq<YAMLMap>).items.find((item) => item.get("name") === name) : undefined;
  const namespace = found?.getIn(["context", "namespace"]);
  return typeof namespace === "string" ? namespace : undefined;
}

/** In the place of the item of that name, or at the end. */
function put(document: Document, list: string, value: { readonly name: string }): void {
  const found = document.get(list);
  const items = isSeq(found) ? (found as YAMLSeq<YAMLMap>) : (document.createNode([]) as YAMLSeq<YAMLMap>);
  if (items !== found) document.set(list, items);
  // `[]`, as kubectl writes a list that has become empty
  if (items.items.length === 0) items.flow = false;
  const node = document.createNode(value) as YAMLMap;
  const at = items.items.findIndex((item) => item.get("name") === value.name);
  if (at === -1) items.items.push(node);
  else {
    const { commentBefore, spaceBefore } = items.items[at] ?? {};
    Object.assign(node, { commentBefore, spaceBefore });
    items.items[at] = node;
  }
}

/** kubectl does not indent lists; people may. */
function hasIndentedLists(document: Document, text: string): boolean {
  const starts = lists.flatMap((list) => {
    const value = document.get(list);
    return isSeq(value) && value.flow !== true && value.range ? [value.range[0]] : [];
  });
  return starts.some((start) => start > 0 && text[start - 1] === " ");
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
