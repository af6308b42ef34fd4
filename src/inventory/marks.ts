import { matching, withPattern } from "./judge.ts";

const name = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const prefix = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** What every key looks like; more is asked of its domain. */
const keyLike = /^([a-z0-9.-]{1,253}\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;

/** Key of a label or taint: an optional DNS subdomain, a slash, a name of up to 63 characters (apimachinery/pkg/util/validation, v1.36). */
export const judgeKey = withPattern(keyLike, (key) => {
  const parts = key.split("/");
  const own = parts.pop() ?? "";
  const [domain] = parts;
  if (parts.length <= 1 && name.test(own) && (domain === undefined || (domain.length <= 253 && prefix.test(domain)))) return undefined;
  return `${JSON.stringify(key)} is not a valid key; write it like zone or example.com/zone`;
});

/** Value of a label or taint; may be empty. */
export const judgeValue = matching(
  /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/,
  (value) =>
    `${JSON.stringify(value)} is not a valid value; use up to 63 letters, digits, dashes, dots and underscores, a letter or digit at both ends`,
);

/** Domains below kubernetes.io whose labels are for operators to set (Kubernetes' page "Well-known labels, annotations and taints", v1.36). */
const open = [
  "node-role.kubernetes.io",
  "node-restriction.kubernetes.io",
  "topology.kubernetes.io",
  "node.kubernetes.io",
  "kubelet.kubernetes.io",
];

/** Key of a label that an inventory may give a node. */
export const judgeLabelKey = withPattern(keyLike, (key) => {
  const malformed = judgeKey(key);
  if (malformed !== undefined) return malformed;
  if (/^node-role\.kubernetes\.io\/(control-plane|master)$/.test(key))
    return "this label follows from the host's role; set role: control-plane instead";
  const domain = key.includes("/") ? key.slice(0, key.indexOf("/")) : "";
  if (open.some((allowed) => domain === allowed || domain.endsWith(`.${allowed}`))) return undefined;
  return /(^|\.)(kubernetes|k8s)\.io$/.test(domain)
    ? `labels of ${domain} are Kubernetes' own; choose a domain of yours, or one of ${open.join(", ")}`
    : undefined;
});

/** Key of the label and of the taint that kubeadm gives control planes. */
export const controlPlaneKey = "node-role.kubernetes.io/control-plane";
