import { type Lab, onHost } from "../lab.ts";
import { describeValue, type Normalise } from "./describe-text.ts";
import type { Look } from "./look-at-files.ts";

/** All kinds that kubeadm makes objects of. */
const kinds =
  "configmaps,secrets,serviceaccounts,services,daemonsets.apps,deployments.apps,roles,rolebindings,clusterroles,clusterrolebindings,priorityclasses";

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface KubernetesObject {
  readonly kind: string;
  readonly metadata: Metadata;
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly status?: unknown;
}

/** The objects of a cluster but for nodes, by kind, namespace and name: all but what the API itself keeps in them. */
export async function lookAtObjects(set: Lab, controlPlane: string, normalise: Normalise): Promise<Look> {
  const objects = await get(set, controlPlane, `-A ${kinds}`);
  return new Map(
    objects.map((object) => {
      const { kind, metadata } = object;
      const where = [kind, metadata.namespace, normalise(metadata.name)].filter((word) => word !== undefined).join("/");
      return [where, describeValue(kind === "Secret" ? withoutValues(object) : plain(object), normalise)];
    }),
  );
}

/** Labels, annotations and taints of a node. */
export async function lookAtNode(set: Lab, controlPlane: string, name: string, normalise: Normalise): Promise<Look> {
  const [node] = await get(set, controlPlane, `node ${name}`);
  return new Map([["Node", describeValue(node === undefined ? {} : plain(node), normalise)]]);
}

async function get(set: Lab, host: string, words: string): Promise<readonly KubernetesObject[]> {
  const text = await onHost(set, host, `kubectl --kubeconfig=/etc/kubernetes/admin.conf get -o json ${words}`);
  const got = JSON.parse(text) as KubernetesObject & { readonly items?: readonly KubernetesObject[] };
  return got.items ?? [got];
}

/** Without what the API server and the controllers fill in by themselves. */
function plain({ status: _, ...object }: KubernetesObject): unknown {
  const { labels, annotations } = object.metadata;
  return { ...object, metadata: { labels, annotations } };
}

/** A Secret's type and keys, and of a bootstrap token the values that are not secret. */
function withoutValues({ type, data = {} }: KubernetesObject): unknown {
  const isToken = type === "bootstrap.kubernetes.io/token";
  const shown = (key: string, value: string) =>
    isToken && key !== "token-secret" ? Buffer.from(value, "base64").toString("utf8") : "a secret";
  return { type, data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, shown(key, value)])) };
}
