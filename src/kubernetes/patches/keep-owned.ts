import { isDeepStrictEqual } from "node:util";
import type { Cluster } from "../../inventory/cluster.ts";
import { auditArgs, type Owned, ownedArguments, ownedByKubelet } from "../../inventory/owned.ts";
import type { PatchTarget } from "../../inventory/patches.ts";
import { isMap } from "../../is-map.ts";

/** The kind of the object that patches of a target are about. */
export function kindOf(target: PatchTarget): "Pod" | "Deployment" | "KubeletConfiguration" {
  if (target === "kubeletconfiguration") return "KubeletConfiguration";
  return target === "corednsdeployment" ? "Deployment" : "Pod";
}

const identity: readonly Owned[] = [["apiVersion"], ["kind"], ["metadata", "name"], ["metadata", "namespace"]].map((path) => ({
  path,
  instead: "kboot finds the object by it",
}));

const owned: Readonly<Record<ReturnType<typeof kindOf>, readonly Owned[]>> = {
  Pod: identity,
  Deployment: identity,
  KubeletConfiguration: [
    ...ownedByKubelet,
    // kubeadm too writes instance-config.yaml over what patches say
    { path: ["containerRuntimeEndpoint"], instead: "set kubelet.containerRuntimeEndpoint" },
  ],
};

/** Arguments of a static pod that other parts of the cluster go by, with what the inventory has for each. */
function argumentsOf(target: PatchTarget, { audit }: Pick<Cluster, "audit">): Readonly<Record<string, string>> {
  if (target === "kube-controller-manager") return ownedArguments["controllerManager"] ?? {};
  if (target !== "kube-apiserver") return {};
  return { ...ownedArguments["apiServer"], ...(audit === undefined ? {} : auditArgs) };
}

/**
 * Throws Error when a patch has changed what the rest of the cluster, or kboot itself, goes by; and when a list or text has become something
 * else, which the kubelet would refuse with the whole manifest.
 */
export function assertOwned(target: PatchTarget, cluster: Pick<Cluster, "audit">, before: unknown, after: unknown): void {
  for (const { path, instead } of owned[kindOf(target)]) {
    if (!isDeepStrictEqual(at(before, path), at(after, path))) throw new Error(`${path.join(".")} must not be changed; ${instead}`);
  }
  if (kindOf(target) === "KubeletConfiguration") return;
  const pod = kindOf(target) === "Pod" ? [] : ["spec", "template"];
  assertNamed(after, pod);
  assertText(after, pod);
  if (kindOf(target) === "Deployment") return;
  const [was, is] = [wordsOf(before, target), wordsOf(after, target)];
  if (is === undefined) throw new Error(`spec.containers must keep the one called ${target}, with its command; kboot watches over it`);
  for (const [name, instead] of Object.entries(argumentsOf(target, cluster))) {
    // the components take --secure_port for --secure-port
    const isArgument = (word: string): boolean => word.split("=")[0]?.replaceAll("_", "-") === `--${name}`;
    if (!isDeepStrictEqual(was?.filter(isArgument), is.filter(isArgument))) throw new Error(`--${name} must not be changed; ${instead}`);
  }
}

/** Where the values below a pod, or a pod's template, are text: `*` stands for every element of a list or map. */
const texts: readonly (readonly string[])[] = [
  ["metadata", "labels", "*"],
  ["metadata", "annotations", "*"],
  ...["containers", "initContainers"].flatMap((containers) =>
    [
      ["name"],
      ["image"],
      ["command", "*"],
      ["args", "*"],
      ["env", "*", "name"],
      ["env", "*", "value"],
      ["volumeMounts", "*", "name"],
      ["volumeMounts", "*", "mountPath"],
    ].map((rest) => ["spec", containers, "*", ...rest]),
  ),
  ["spec", "volumes", "*", "name"],
  ["spec", "volumes", "*", "hostPath", "path"],
];

/** Lists of a pod's spec whose elements have names; those in one line share them. */
const named: readonly (readonly string[])[] = [["containers", "initContainers"], ["volumes"]];

function assertNamed(object: unknown, below: readonly string[]): void {
  for (const lists of named) {
    const names = new Set<unknown>();
    for (const list of lists) {
      const path = [...below, "spec", list];
      const elements = at(object, path) ?? [];
      if (!Array.isArray(elements)) throw new Error(`${path.join(".")} must be a list, and would be ${JSON.stringify(elements)}`);
      for (const [index, element] of elements.entries()) {
        const field = `${path.join(".")}[${index}]`;
        if (!isMap(element) || element["name"] === undefined) {
          throw new Error(`${field} must be a map with a name, and would be ${JSON.stringify(element)}`);
        }
        if (names.has(element["name"]))
          throw new Error(`${field} has the name of another, ${JSON.stringify(element["name"])}; give it its own`);
        names.add(element["name"]);
      }
    }
  }
}

function assertText(object: unknown, below: readonly string[]): void {
  for (const path of texts) {
    const wrong = valuesAt(at(object, below), path).find((value) => value !== undefined && typeof value !== "string");
    if (wrong === undefined) continue;
    const field = [...below, ...path].join(".").replaceAll(".*", "[]");
    throw new Error(`${field} must be text, and would be ${JSON.stringify(wrong)}; put it in quotes`);
  }
}

function valuesAt(value: unknown, [key, ...rest]: readonly string[]): readonly unknown[] {
  if (key === undefined) return [value];
  if (typeof value !== "object" || value === null) return [];
  if (key === "*") return Object.values(value).flatMap((inner) => valuesAt(inner, rest));
  return valuesAt((value as Record<string, unknown>)[key], rest);
}

function at(value: unknown, path: readonly string[]): unknown {
  return valuesAt(value, path)[0];
}

/** What a component is started with: its container's command and the `args` after it. */
function wordsOf(pod: unknown, name: string): readonly string[] | undefined {
  const containers = at(pod, ["spec", "containers"]);
  if (!Array.isArray(containers)) return undefined;
  const own = (containers as readonly { readonly name?: unknown; readonly command?: unknown; readonly args?: unknown }[]).find(
    (one) => one?.name === name,
  );
  if (!Array.isArray(own?.command)) return undefined;
  return [...own.command, ...(Array.isArray(own.args) ? own.args : [])] as readonly string[];
}
