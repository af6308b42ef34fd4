import { basename, dirname } from "node:path";
import { extract } from "tar-stream";
import type { AnyResource, Fragment } from "../../src/engine/contracts.ts";
import type { Payload } from "../../src/host/host.ts";

/** Contents by absolute path. */
type Files = ReadonlyMap<string, string>;

// biome-ignore lint/suspicious/noExplicitAny: each function is called with resources of its own kind alone
type Answer = (resource: any, files: Files) => string | undefined;

const plain = (path: string, files: Files, mode: string) => `${mode} root:root\n${files.get(path) ?? ""}`;

/** As `observeFiles` prints them. */
function secretFiles(entries: readonly (readonly [path: string | undefined, mode: string])[], files: Files): string {
  return entries
    .flatMap(([path, mode]) => {
      const content = path === undefined ? undefined : (files.get(path) ?? "");
      return content === undefined ? [] : `${Buffer.byteLength(content)} ${mode} root:root\n${content}`;
    })
    .join("");
}

function kubeletClient(files: Files): string | undefined {
  return [...files.keys()].find((path) => basename(path).startsWith("kubelet-client-"));
}

/** What observing says of a resource that has just been changed, by kind; undefined: as before. */
const answers: Readonly<Record<string, Answer>> = {
  absent: () => "",
  binary: ({ sha256 }) => `${sha256} 755\n`,
  certificate: ({ keyPath, certificatePath }, files) =>
    secretFiles(
      [
        [keyPath, "600"],
        [certificatePath, "644"],
      ],
      files,
    ),
  "cloud-init": () => "",
  "container-image": ({ name, digest }) =>
    `${name} application/vnd.oci.image.manifest.v1+json ${digest} complete (3/3) 1.0 MiB/1.0 MiB true\n`,
  "containerd-plugin": () => "ID: cri\n",
  directory: ({ mode }) => `${mode} root:root\n`,
  file: ({ path, mode }, files) => plain(path, files, mode),
  "hosts-entry": ({ name, address }) => `${address} ${name} # kept by kboot\n`,
  "kernel-module": () => "loaded\n",
  kubeconfig: ({ path, form }, files) =>
    form === "kubelet-joined"
      ? undefined
      : secretFiles([[path, "600"], ...(form === "kubelet-final" ? [[kubeletClient(files), "600"] as const] : [])], files),
  package: () => "installed ok 1.0 yes\n",
  "shared-secret": ({ keyPath, certificatePath, publicKeyPath }, files) =>
    secretFiles(
      [
        [keyPath, "600"],
        [certificatePath, "644"],
        [publicKeyPath, "600"],
      ],
      files,
    ),
  "static-pod": ({ path }, files) => `--kboot-manifest--\n${plain(path, files, "600")}`,
  sysctl: ({ value }) => `${value}\n`,
  "systemd-unit": () => "ActiveState=active\nUnitFileState=enabled\nStarted=4102444800.0\n",
};

/** What observing says of each of these resources once a fragment has changed them. */
export async function answersAfter(resources: readonly AnyResource[], fragment: Fragment): Promise<readonly (string | undefined)[]> {
  const files = await readFiles(fragment.payload);
  return resources.map((resource) => {
    const answer = answers[resource.kind];
    if (answer === undefined) throw new Error(`no answer for the kind ${resource.kind}`);
    return answer(resource, files);
  });
}

/** The files in the archive of `writeFiles`; none in another payload. */
async function readFiles(payload: Payload | undefined): Promise<Files> {
  const files = new Map<string, string>();
  const archive = extract();
  const reading = (async () => {
    for await (const entry of archive) {
      const { name } = entry.header;
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry) chunks.push(chunk as Uint8Array);
      const [, base] = /^\.(.*)\.kboot-\d+$/.exec(basename(name)) ?? [];
      if (base !== undefined) files.set(`/${dirname(name)}/${base}`, Buffer.concat(chunks).toString());
    }
  })();
  if (payload !== undefined && payload.size % 512 === 0) for await (const chunk of payload.open()) archive.write(chunk);
  archive.end(undefined);
  await reading;
  return files;
}
