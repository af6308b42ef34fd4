import { parse } from "yaml";
import type { Difference, HostKind } from "../engine/contracts.ts";
import { quote } from "../host/quote.ts";
import { writeYaml } from "../render/go-yaml.ts";
import { compareAttributes, type ObservedFile, observeFile, parseFile } from "./file.ts";
import { partition } from "./partition.ts";
import { sameMeaning } from "./same-meaning.ts";
import { compareStart, observeTimes, parseTimes } from "./systemd-unit.ts";
import { writeFiles } from "./write-files.ts";

/** A manifest in the kubelet's static pod directory, whose container started after the newest change of its inputs. */
export interface StaticPodResource {
  readonly kind: "static-pod";
  /** Name of the pod and of the container that runs the component. */
  readonly name: string;
  readonly path: string;
  /** The Pod object. */
  readonly pod: unknown;
  /** Paths of files that its process reads at start. */
  readonly inputs: readonly string[];
}

export interface ObservedStaticPod {
  readonly file: ObservedFile | undefined;
  /** When its newest container was made, seconds since the epoch. */
  readonly createdAt: number | undefined;
  readonly inputTimes: Readonly<Record<string, number>>;
}

const separator = "--kboot-manifest--";

/** Ids of all containers of this name in namespace kube-system, as containerd's client prints them. */
function listContainers(name: string): string {
  const filter = quote(`labels."io.kubernetes.container.name"==${name},labels."io.kubernetes.pod.namespace"==kube-system`);
  return `ctr -n k8s.io containers ls -q ${filter}`;
}

export const staticPodKind: HostKind<StaticPodResource, ObservedStaticPod> = {
  kind: "static-pod",
  id: (resource) => `static-pod:${resource.name}`,
  observe: ({ name, path, inputs }) => `for c in $(${listContainers(name)} 2>/dev/null); do
  ctr -n k8s.io containers info "$c" 2>/dev/null | grep '^    "CreatedAt"'
done
${observeTimes([path, ...inputs])}
echo ${separator}
${observeFile(path)}`,
  parse(_resource, { stdout }) {
    const at = stdout.indexOf(`${separator}\n`);
    const lines = stdout.toString("utf8", 0, at).split("\n");
    const created = lines.flatMap((line) => {
      const time = Date.parse(/"CreatedAt": "([^"]+)"/.exec(line)?.[1] ?? "");
      return Number.isNaN(time) ? [] : time / 1000;
    });
    return {
      file: parseFile(stdout.subarray(at + separator.length + 1)),
      createdAt: created.length === 0 ? undefined : Math.max(...created),
      inputTimes: parseTimes(lines),
    };
  },
  compare(resource, { file, createdAt, inputTimes }, { changing }) {
    const wished = writeYaml(resource.pod);
    if (file === undefined) return [{ what: "manifest", to: wished }];
    const differences: Difference[] = compareAttributes({ mode: "0600" }, file);
    if (!isSameManifest(file.content, resource.pod)) return [...differences, { what: "manifest", from: file.content, to: wished }];
    return [...differences, ...compareStart([resource.path, ...resource.inputs], inputTimes, createdAt, changing)];
  },
  async change(items) {
    // the kubelet restarts a pod by itself when its manifest changes; otherwise ending the container makes it start a new one
    const ended = items
      .filter(({ differences }) => differences.some(({ what }) => what === "restart"))
      .map(
        ({ resource }) =>
          `for c in $(${listContainers(resource.name)}); do ctr -n k8s.io tasks kill -s SIGTERM "$c" 2>/dev/null || true; done`,
      );
    const [written, others] = partition(items, ({ differences }) => differences.some(({ what }) => what === "manifest"));
    const fragment = await writeFiles(
      written.map(({ resource }) => ({ path: resource.path, mode: "0600", content: writeYaml(resource.pod) })),
      others.map(({ resource }) => ({ path: resource.path, mode: "0600" })),
    );
    return { ...fragment, script: [fragment.script, ...ended].join("\n") };
  },
};

function isSameManifest(text: string, pod: unknown): boolean {
  try {
    return sameMeaning(inOneOrder(parse(text)), inOneOrder(JSON.parse(JSON.stringify(pod))));
  } catch {
    return false;
  }
}

/** The pod with the words of each command by the flag that they set, and its volumes by name: their order means nothing. */
function inOneOrder(pod: unknown): unknown {
  const { spec, ...rest } = pod as { readonly spec: { readonly containers: readonly Container[]; readonly volumes?: readonly Named[] } };
  const containers = spec.containers.map(({ command: [program, ...words] = [], volumeMounts, ...container }) => ({
    ...container,
    command: [program, ...sortBy(words, (word) => word.split("=", 1)[0] ?? word)],
    volumeMounts: sortBy(volumeMounts ?? [], ({ name }) => name),
  }));
  return { ...rest, spec: { ...spec, containers, volumes: sortBy(spec.volumes ?? [], ({ name }) => name) } };
}

interface Named {
  readonly name: string;
}

interface Container extends Named {
  readonly command?: readonly string[];
  readonly volumeMounts?: readonly Named[];
}

/** Equal keys stay in their order: of a flag that is given twice, some programs take the last. */
function sortBy<T>(items: readonly T[], key: (item: T) => string): readonly T[] {
  return items.toSorted((a, b) => (key(a) < key(b) ? -1 : Number(key(a) > key(b))));
}
